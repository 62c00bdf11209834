import Arguments
import Testing

@Suite("Words on a command line")
struct ParsingTests {
  @Test("every kind of word reaches its property") func everyKind() throws {
    let sail = try #require(
      try parsed(
        "sail", "north", "--speed=7", "a.chart", "-c", "12", "--flag", "red", "--flag=blue", "--log", "l", "b.chart",
        "--by-night", "-q", as: Sail.self))
    #expect(sail.course == .north)
    #expect(sail.charts == ["a.chart", "b.chart"])
    #expect(sail.speed == 7)
    #expect(sail.crewSize == 12)
    #expect(sail.flags == ["red", "blue"])
    #expect(sail.log == "l")
    #expect(sail.byNight)
    #expect(sail.verbosity.quiet)
  }

  @Test("what is left out keeps its default") func defaults() throws {
    let sail = try #require(try parsed("sail", "south", "--log", "l", as: Sail.self))
    #expect(sail.speed == 4.5)
    #expect(sail.crewSize == nil)
    #expect(sail.flags.isEmpty && sail.charts.isEmpty)
    #expect(!sail.byNight && !sail.verbosity.quiet)
  }

  @Test("two parses of one command share no values") func noSharing() throws {
    _ = try parsed("sail", "south", "--log", "l", "--by-night", as: Sail.self)
    let second = try #require(try parsed("sail", "south", "--log", "l", as: Sail.self))
    #expect(!second.byNight)
  }

  @Test("after two dashes, and for negative numbers, a dash is no option") func dashes() throws {
    let sail = try #require(try parsed("sail", "north", "--log", "l", "--", "--by-night", as: Sail.self))
    #expect(sail.charts == ["--by-night"])
    #expect(try parsed("anchor", "drop", "-5", as: Drop.self)?.chain == -5)
  }

  @Test("a nested subcommand is found, a hidden one too") func subcommands() throws {
    #expect(try parsed("anchor", "drop", as: Drop.self)?.chain == 30)
    #expect(try parsed("keelhaul", as: Hidden.self) != nil)
  }

  @Test("help is asked for by --help, -h and help, the version by --version") func helpWords() throws {
    let help = try printed("sail", "--help")
    #expect(help.hasPrefix("Sail on a course."))
    #expect(try printed("help", "sail") == help)
    #expect(try printed("sail", "south", "-h") == help)
    #expect(try printed("--version") == "1.2.3\n")
    #expect(try printed("help").hasPrefix("Sails and anchors."))
  }
}

@Suite("Mistakes on a command line")
struct MistakeTests {
  @Test("all mistakes are told at once") func allAtOnce() {
    #expect(
      mistakes(in: "sail", "west", "--speed", "fast", "--crew-size")
        == [
          "<course> must be one of north, south, not 'west'", "--speed must be a number, not 'fast'",
          "--crew-size needs a value", "--log is missing: The ship's log.",
        ])
  }

  @Test(
    "the nearest name is suggested, and only a near one",
    arguments: [
      (["sial"], "unknown subcommand 'sial'; did you mean 'sail'?"),
      (["anch"], "unknown subcommand 'anch'; did you mean 'anchor'?"),
      (["keelhual"], "unknown subcommand 'keelhual'"),
      (["anchor", "drop", "--chian"], "unknown option '--chian'"),
      (["sail", "north", "--log", "l", "--crewsize", "3"], "unknown option '--crewsize'; did you mean '--crew-size'?"),
    ]) func suggestions(words: [String], complaint: String)
  {
    do {
      _ = try CommandParser(Ship.self).parse(words)
      Issue.record("\(words) was understood")
    } catch let error as UsageError {
      #expect(error.mistakes.first == complaint)
    } catch {
      Issue.record(error)
    }
  }

  @Test("values that contradict each other are a mistake") func contradiction() {
    #expect(
      mistakes(in: "sail", "north", "--log", "l", "-q", "--speed", "21")
        == ["--quiet and a --speed above 20 contradict each other"])
  }

  @Test("words too many, options twice and flags with values are mistakes") func surplus() {
    #expect(mistakes(in: "anchor", "drop", "1", "2") == ["unexpected argument '2'"])
    #expect(mistakes(in: "sail", "north", "--log", "a", "--log", "b") == ["--log is given twice"])
    #expect(
      mistakes(in: "sail", "north", "--log", "a", "--by-night=no") == ["--by-night takes no value, but got 'no'"])
    #expect(mistakes(in: "anchor") == ["a subcommand is missing"])
  }

  @Test("an option may do without its name where no place wants the word, once") func bare() throws {
    #expect(try parsed("keelhaul", "smith", as: Hidden.self)?.whom == "smith")
    #expect(try parsed("keelhaul", "--whom", "smith", as: Hidden.self)?.whom == "smith")
    #expect(mistakes(in: "keelhaul", "smith", "jones") == ["unexpected argument 'jones'"])
    #expect(mistakes(in: "keelhaul", "--whom", "smith", "jones") == ["unexpected argument 'jones'"])
    #expect(mistakes(in: "keelhaul", "jones", "--whom", "smith") == ["--whom is given twice"])
  }

  @Test("an option does not swallow the next option as its value") func noSwallowing() {
    #expect(mistakes(in: "sail", "north", "--log", "--by-night") == ["--log needs a value"])
  }

  @Test("the message ends with the usage and where to read more") func message() {
    do {
      _ = try CommandParser(Ship.self).parse(["anchor", "drop", "1", "2"])
      Issue.record("surplus words were understood")
    } catch {
      #expect(
        "\(error)" == """
          error: unexpected argument '2'
          usage: ship anchor drop [<chain>]
          'ship anchor drop --help' tells more.

          """)
    }
  }
}
