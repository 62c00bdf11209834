/// What one declared word looks like: parser, help, completion and man page all read this.
public struct ArgumentDescription: Sendable, Hashable {
  public enum Kind: Sendable, Hashable { case positional, option, flag }

  /// How a shell completes the value.
  public enum Completion: Sendable, Hashable {
    case none
    /// Files that end so; empty: any.
    case file([String])
    case values([String])
  }

  public var kind: Kind
  /// Without dashes; for a positional the name of its value.
  public var name: String
  /// One letter, without dash.
  public var short: Character?
  public var valueName: String
  public var help: String
  /// Nil: none.
  public var defaultText: String?
  public var isRequired: Bool
  public var isRepeating: Bool
  public var completion: Completion
  /// An option's value may stand without the name, where no positional wants it.
  public var isAlsoBare = false

  /// `-n, --name <value>`
  var label: String {
    switch kind {
    case .positional: return "<\(name)>" + (isRepeating ? " ..." : "")
    case .option: return dashed.joined(separator: ", ") + " <\(valueName)>"
    case .flag: return dashed.joined(separator: ", ")
    }
  }

  /// `-n`, `--name`
  var dashed: [String] { (short.map { ["-\($0)"] } ?? []) + ["--\(name)"] }

  /// As it stands in the usage line.
  var usage: String {
    let word: String
    switch kind {
    case .positional: word = label
    case .option: word = (isAlsoBare ? "[--\(name)]" : "--\(name)") + " <\(valueName)>" + (isRepeating ? " ..." : "")
    case .flag: word = "--\(name)"
    }
    return isRequired ? word : "[\(word)]"
  }

  static let helpFlag = ArgumentDescription(
    kind: .flag, name: "help", short: "h", valueName: "", help: "Show this help.", isRequired: false,
    isRepeating: false, completion: .none)
  static let versionFlag = ArgumentDescription(
    kind: .flag, name: "version", short: nil, valueName: "", help: "Show the version.", isRequired: false,
    isRepeating: false, completion: .none)
}

/// `eventTime` → `event-time`
func dashedName(_ label: String) -> String {
  var name = ""
  for character in label.drop(while: { $0 == "_" }) {
    if character.isUppercase { name += "-" + character.lowercased() } else { name.append(character) }
  }
  return name
}
