/// One command: its words are properties declared with `@Argument`, `@Option`, `@Flag` and `@OptionGroup`.
///
/// The shape is that of swift-argument-parser, so that the two can be exchanged.
public protocol Command: SendableMetatype {
  static var configuration: CommandConfiguration { get }
  init()
  /// What contradicts itself, one sentence each; asked once every word has its value. Empty: nothing.
  func mistakes() -> [String]
  mutating func run() async throws
}

extension Command {
  public func mistakes() -> [String] { [] }

  /// What a command that has subcommands does on its own: nothing, but where it `runsItself`; the parser asks for a subcommand first.
  public mutating func run() async throws {
    preconditionFailure("\(Self.configuration.name) is a group of commands")
  }
}

/// Several options that more than one command has; declared once, used through `@OptionGroup`.
public protocol ArgumentGroup {
  init()
}

/// What help, completion and man page say about a command beside its words.
public struct CommandConfiguration: Sendable {
  public let name: String
  /// One line.
  public let abstract: String
  /// Paragraphs, separated by empty lines; a line that begins with two spaces is kept as it is.
  public let discussion: String
  /// Only of the root: what `--version` prints.
  public let version: String?
  public let subcommands: [any Command.Type]
  /// Of a group: it does something itself where the first word names no subcommand.
  public let runsItself: Bool
  /// Left out of help and completion, but there.
  public let isHidden: Bool

  public init(
    name: String, abstract: String, discussion: String = "", version: String? = nil,
    subcommands: [any Command.Type] = [], runsItself: Bool = false, isHidden: Bool = false
  ) {
    self.name = name
    self.abstract = abstract
    self.discussion = discussion
    self.version = version
    self.subcommands = subcommands
    self.runsItself = runsItself
    self.isHidden = isHidden
  }
}
