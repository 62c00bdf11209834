import Arguments

/// A small tree of commands that has one of everything.
struct Ship: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "ship", abstract: "Sails and anchors.", discussion: "A ship for the tests.\n\n  ship sail north",
      version: "1.2.3", subcommands: [Sail.self, Anchor.self, Hidden.self])
  }
}

enum Course: String, CaseIterable, ArgumentValue { case north, south }

struct Verbosity: ArgumentGroup {
  @Flag(short: "q", help: "Say nothing.") var quiet: Bool
}

struct Sail: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(name: "sail", abstract: "Sail on a course.")
  }
  @Argument(help: "Where to.") var course: Course
  @Argument(help: "Files with charts.", completion: .file(["chart"])) var charts: [String]
  @Option(valueName: "n", help: "How fast; knots.") var speed: Double = 4.5
  @Option(short: "c", valueName: "n", help: "How many sail.") var crewSize: Int?
  @Option(name: "flag", help: "A flag to fly; may be repeated.") var flags: [String]
  @Option(help: "The ship's log.", completion: .file([])) var log: String
  @Flag(help: "Sail by night too.") var byNight: Bool
  @OptionGroup var verbosity: Verbosity

  func mistakes() -> [String] {
    verbosity.quiet && speed > 20 ? ["--quiet and a --speed above 20 contradict each other"] : []
  }
}

struct Anchor: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(name: "anchor", abstract: "Handle the anchor.", subcommands: [Drop.self])
  }
}

struct Drop: Command {
  static var configuration: CommandConfiguration { CommandConfiguration(name: "drop", abstract: "Let it go.") }
  @Argument(help: "Metres of chain.") var chain: Int = 30
}

struct Hidden: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(name: "keelhaul", abstract: "Not to be offered.", isHidden: true)
  }
  @Option(help: "Whom.", isAlsoBare: true) var whom: String?
}

/// The command that `words` ask for.
func parsed<C: Command>(_ words: String..., as type: C.Type) throws -> C? {
  guard case .run(let command) = try CommandParser(Ship.self).parse(words) else { return nil }
  return command as? C
}

/// What is wrong with `words`.
func mistakes(in words: String...) -> [String] {
  do {
    _ = try CommandParser(Ship.self).parse(words)
    return []
  } catch let error as UsageError {
    return error.mistakes
  } catch {
    return ["\(error)"]
  }
}

/// What `words` print instead of running.
func printed(_ words: String...) throws -> String {
  guard case .show(let text) = try CommandParser(Ship.self).parse(words) else { return "" }
  return text
}
