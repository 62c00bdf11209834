/// Who is told of incidents, and how: an element of `alerts:` of the pipeline file.
public struct AlertSettings: Sendable, Hashable, Codable {
  /// How urgent an incident is.
  public enum Severity: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    case notice, warning, error

    public static func < (left: Severity, right: Severity) -> Bool {
      allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
    }
  }

  /// nil: `effectiveName`.
  public var name: String?
  /// A URL that messages are posted to; it may hold a secret. nil: `command` is run.
  public var webhook: String?
  /// A file with a token for the webhook; nil: none is sent.
  public var authorizationFile: String?
  /// A program with its arguments, which may hold secrets; empty: `webhook` is asked.
  public var command: [String] = []
  /// What the command finds in its environment beside PATH.
  public var environment: [String: String] = [:]
  /// The lowest severity that is sent.
  public var severity = Severity.warning
  /// Kinds of incidents that are sent; empty: all.
  public var kinds: [String] = []
  /// How long the first incident of a group waits for others.
  public var groupWait: Duration = .seconds(30)
  /// How long what comes to a group that was told of waits.
  public var groupInterval: Duration = .seconds(300)
  /// After so long what goes on is told again.
  public var repeatInterval: Duration = .seconds(4 * 3600)
  /// Whether the end of an incident is told too.
  public var sendResolved = true
  /// How long a delivery may take.
  public var timeout: Duration = .seconds(10)

  public init() {}

  /// The name by which tables, messages and people know it: the given one, else the webhook's host or the program's file name.
  public var effectiveName: String {
    if let name { return name }
    if let webhook { return WebhookAddress(webhook)?.host ?? "webhook" }
    return command.first?.split(separator: "/").last.map(String.init) ?? "command"
  }

  /// Where messages go, without anything that may be a secret.
  public var shownTarget: String {
    if let webhook { return WebhookAddress(webhook)?.shown ?? "a webhook" }
    return command.first ?? "a command"
  }
}
