/// Bytes that are not what this learner can take.
public struct LearningError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable {
    /// Written by a learner of another spec.
    case anotherSpec = "another_spec"
    /// Written by a newer version of this program.
    case fromTheFuture = "from_the_future"
    /// Too short, too long or inconsistent.
    case damaged
  }

  public let code: Code
  public let reason: String
  public var isRetryable: Bool { false }

  public init(code: Code, reason: String) {
    self.code = code
    self.reason = reason
  }

  public var description: String { "learner: \(code.rawValue): \(reason)" }
}
