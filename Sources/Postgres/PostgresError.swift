/// What went wrong at the PostgreSQL door. No text in it carries a password or a row's values.
public struct PostgresError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// The connection string cannot be understood.
    case badAddress
    /// Nobody answers, or the server cannot do its work at the moment: it starts or stops, is full or read-only.
    case unavailable
    /// The server refuses the user, the password or the database name.
    case refused
    /// The connection broke while in use; a commit under way may or may not have happened.
    case connectionLost
    /// The deadline passed; the statement was cancelled.
    case timedOut
    /// `close()` was called.
    case closed
    /// A unique, check, exclusion, foreign-key or not-null constraint refused the row.
    case constraint
    /// Two transactions collided: a serialization failure, a deadlock, a lock not available.
    case contention
    /// The server refused the statement for another reason.
    case statement
    /// The answer does not have the asked-for shape.
    case unexpectedResult
    /// The private cluster could not be made, started or stopped.
    case cluster
  }

  public let code: Code
  /// The five-character SQLSTATE, when the server gave one.
  public let sqlState: String?
  /// The name of the constraint that refused, when one did.
  public let constraint: String?
  public let message: String

  public init(_ code: Code, _ message: String, sqlState: String? = nil, constraint: String? = nil) {
    self.code = code
    self.sqlState = sqlState
    self.constraint = constraint
    self.message = message
  }

  /// Whether the same call may succeed later.
  public var isRetryable: Bool {
    switch code {
    case .unavailable, .connectionLost, .timedOut, .contention: true
    case .badAddress, .refused, .closed, .constraint, .statement, .unexpectedResult, .cluster: false
    }
  }

  public var description: String {
    var text = "PostgreSQL \(code.rawValue): \(message)"
    if let constraint { text += " (constraint \(constraint))" }
    if let sqlState { text += " [\(sqlState)]" }
    return text
  }

  /// The code that a SQLSTATE stands for.
  ///
  /// - Source: PostgreSQL 15 documentation, appendix A.
  static func code(ofState state: String) -> Code {
    switch state {
    case "57014": return .timedOut
    case "40001", "40P01", "55P03": return .contention
    case "57P01", "57P02", "57P05", "25P03": return .connectionLost
    case "57P03", "53300", "53400", "25006": return .unavailable
    case "3D000", "42501": return .refused
    default: break
    }
    switch state.prefix(2) {
    case "08": return .connectionLost
    case "23": return .constraint
    case "28": return .refused
    case "53", "58": return .unavailable
    default: return .statement
    }
  }
}
