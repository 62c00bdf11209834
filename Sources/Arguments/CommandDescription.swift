/// A command with its words and subcommands, as data: what help, completion and man page are written from.
public struct CommandDescription: Sendable {
  /// The names from the root down to this command.
  public let path: [String]
  public let abstract: String
  public let discussion: String
  public let version: String?
  /// Declared words, `--help` last.
  public let arguments: [ArgumentDescription]
  /// Without hidden ones.
  public let subcommands: [CommandDescription]
  /// It does something itself, whether it has subcommands or not.
  public let runs: Bool

  public init(_ command: any Command.Type, under parents: [String] = []) {
    let configuration = command.configuration
    path = parents + [configuration.name]
    abstract = configuration.abstract
    discussion = configuration.discussion
    version = configuration.version
    runs = configuration.subcommands.isEmpty || configuration.runsItself
    arguments =
      declaredArguments(of: command.init()).map(\.description)
      + (configuration.version == nil ? [] : [.versionFlag]) + [.helpFlag]
    let path = path
    subcommands = configuration.subcommands.filter { !$0.configuration.isHidden }.map { .init($0, under: path) }
  }

  public var name: String { path[path.count - 1] }

  /// `retrainctl start`
  public var fullName: String { path.joined(separator: " ") }

  var positionals: [ArgumentDescription] { arguments.filter { $0.kind == .positional } }
  var dashed: [ArgumentDescription] { arguments.filter { $0.kind != .positional } }

  /// `retrainctl start <pipeline> [--workers <n>]`; `--help` is left out.
  public var usage: String { usageWords.joined(separator: " ") }

  /// The pieces of the usage line that stay together when it is broken.
  var usageWords: [String] {
    var words = [fullName]
    words += dashed.filter { $0 != .helpFlag && $0 != .versionFlag }.map(\.usage)
    words += positionals.map(\.usage)
    if !subcommands.isEmpty { words.append(runs ? "[<subcommand>]" : "<subcommand>") }
    return words
  }

  /// This command and all below, parents first.
  var everyCommand: [CommandDescription] { [self] + subcommands.flatMap(\.everyCommand) }
}
