/// What a command line turned out to ask for.
public enum ParsedCommandLine {
  case run(any Command)
  /// Print this and exit 0: help or version.
  case show(String)
}

/// Words on a command line become one command with its values.
public struct CommandParser {
  private let root: any Command.Type

  public init(_ root: any Command.Type) { self.root = root }

  /// Reads `words`, the program's name not among them.
  ///
  /// - Parameter columns: Width that help is wrapped to.
  /// - Throws: `UsageError` with every mistake that was found.
  public func parse(_ words: [String], columns: Int = 80) throws -> ParsedCommandLine {
    var command = root
    var parents: [String] = []
    var rest = words[...]
    if rest.first == "help" { rest = rest.dropFirst() + ["--help"] }
    while !command.configuration.subcommands.isEmpty {
      let description = CommandDescription(command, under: parents)
      let isOwn = !command.configuration.subcommands.contains { $0.configuration.name == rest.first }
      if command.configuration.runsItself, isOwn { break }
      guard let word = rest.popFirst() else {
        throw UsageError(mistakes: ["a subcommand is missing"], command: description)
      }
      if word == "--help" || word == "-h" { return .show(description.helpText(columns: columns)) }
      if word == "--version", let version = description.version { return .show(version + "\n") }
      guard let next = command.configuration.subcommands.first(where: { $0.configuration.name == word }) else {
        throw UsageError(mistakes: [Self.unknown(word, in: description)], command: description)
      }
      parents = description.path
      command = next
    }
    let description = CommandDescription(command, under: parents)
    if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
      return .show(description.helpText(columns: columns))
    }
    let instance = command.init()
    var reading = WordReader(arguments: declaredArguments(of: instance))
    var mistakes = reading.read(rest)
    if mistakes.isEmpty { mistakes = instance.mistakes() }
    if !mistakes.isEmpty { throw UsageError(mistakes: mistakes, command: description) }
    return .run(instance)
  }

  private static func unknown(_ word: String, in description: CommandDescription) -> String {
    let names = word.hasPrefix("-") ? ["--help"] : description.subcommands.map(\.name)
    let kind = word.hasPrefix("-") ? "option" : "subcommand"
    return "unknown \(kind) '\(word)'" + (nearest(to: word, among: names).map { "; did you mean '\($0)'?" } ?? "")
  }
}

/// Gives each word after the command's name to the property that declared it.
private struct WordReader {
  typealias Declared = (argument: any DeclaredArgument, description: ArgumentDescription)
  private let dashed: [String: Declared]
  private let dashedNames: [String]
  private let all: [Declared]
  private var places: ArraySlice<Declared>
  /// Takes a word that no place is left for.
  private let bare: Declared?
  /// Options that have a value by word.
  private var seen: Set<String> = []
  private var mistakes: [String] = []
  /// Words whose value was complained of already.
  private var refused: Set<String> = []

  init(arguments: [Declared]) {
    all = arguments
    places = arguments.filter { $0.description.kind == .positional }[...]
    bare = arguments.first { $0.description.isAlsoBare }
    var dashed: [String: Declared] = [:]
    for argument in arguments where argument.description.kind != .positional {
      for name in argument.description.dashed { dashed[name] = argument }
    }
    self.dashed = dashed
    dashedNames = dashed.keys.sorted() + ["--help"]
  }

  mutating func read(_ words: ArraySlice<String>) -> [String] {
    var rest = words
    while let word = rest.popFirst() {
      if word == "--" {
        rest.forEach { place($0) }
        break
      }
      guard word.hasPrefix("-"), word != "-", Double(word) == nil else {
        place(word)
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let (argument, description) = dashed[parts[0]] else {
        let suggestion = nearest(to: parts[0], among: dashedNames).map { "; did you mean '\($0)'?" } ?? ""
        mistakes.append("unknown option '\(parts[0])'\(suggestion)")
        continue
      }
      let label = "--\(description.name)"
      if !description.isRepeating, description.kind == .option, !seen.insert(label).inserted {
        mistakes.append("\(label) is given twice")
      }
      var value: String? = parts.count > 1 ? parts[1] : nil
      if description.kind == .option, value == nil, rest.first.map({ dashed[$0] == nil }) ?? false {
        value = rest.popFirst()
      }
      accept(argument, value, as: label)
    }
    for (argument, description) in all where !argument.isFilled {
      let label = description.kind == .positional ? "<\(description.name)>" : "--\(description.name)"
      if refused.contains(label) { continue }
      mistakes.append("\(label) is missing: \(description.help)")
    }
    return mistakes
  }

  private mutating func place(_ word: String) {
    guard let (argument, description) = places.first else {
      if let bare, seen.insert("--\(bare.description.name)").inserted {
        accept(bare.argument, word, as: "--\(bare.description.name)")
      } else {
        mistakes.append("unexpected argument '\(word)'")
      }
      return
    }
    if !description.isRepeating { places = places.dropFirst() }
    accept(argument, word, as: "<\(description.name)>")
  }

  private mutating func accept(_ argument: any DeclaredArgument, _ value: String?, as label: String) {
    guard let complaint = argument.accept(value, as: label) else { return }
    mistakes.append(complaint)
    refused.insert(label)
  }
}
