/// A transition that was asked for and cannot be made.
public struct RolloutError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable, Codable {
    case unknownVersion = "unknown_version"
    /// The version has moved since it was looked at: look again.
    case stale
    /// The machine has no such transition, or a place is taken.
    case refused
    /// A person's decision without a person's name.
    case nobody
  }

  public let code: Code
  public let reason: String

  public init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  public var isRetryable: Bool { code == .stale }
  public var description: String { reason }
}
