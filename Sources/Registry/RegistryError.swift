public import Postgres

/// What the registry refuses or cannot do. No text in it shows a secret.
public struct RegistryError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// The database did not answer within the caller's patience. Try again; what was asked may have been done.
    case unavailable
    /// Whoever asks has been replaced: another generation, another holder of the lease.
    case fenced
    /// Somebody else was first: the state is not the one that the request starts from.
    case conflict
    /// The database was migrated by a newer program.
    case fromTheFuture
    /// The database lacks migrations: they are to be applied first.
    case notMigrated
    /// An applied migration is not the one this program carries.
    case migrationChanged
    case notFound
    /// Stored bytes are not what their digest says.
    case damaged
    /// The request itself is wrong.
    case refused
    /// An error in this program.
    case failed
  }

  public let code: Code
  public let message: String
  public let cause: PostgresError?

  public init(_ code: Code, _ message: String, cause: PostgresError? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// Whether the same call may succeed later.
  public var isRetryable: Bool { code == .unavailable }

  /// The database lets nobody in with what we know: a password, a name or a right has changed.
  public var isLockedOut: Bool { cause?.code == .refused || cause?.code == .badAddress }

  public var description: String {
    "registry \(code.rawValue): \(message)" + (cause.map { " (\($0))" } ?? "")
  }

  /// What an error at the door means here.
  init(_ error: PostgresError) {
    if let condition = error.condition {
      self.init(.unavailable, "the database \(condition.sentence)", cause: error)
      return
    }
    let (code, message): (Code, String) =
      switch (error.code, error.sqlState) {
      case (.unavailable, _): (.unavailable, "the database cannot be reached")
      case (.connectionLost, _): (.unavailable, "the connection to the database was lost")
      case (.timedOut, _): (.unavailable, "the database did not answer in time")
      case (.contention, _): (.unavailable, "others were in the way in the database for too long")
      case (_, "42501"): (.refused, "the database does not permit this to its user")
      case (_, "42P01"), (_, "42703"): (.notMigrated, "the database lacks tables: apply the migrations first")
      case (_, "23505"): (.conflict, "another one is there already")
      case (_, "23503"): (.notFound, "what the request refers to is not there")
      case (.constraint, _), (_, "22P02"), (_, "22P05"), (_, "22021"), (_, "22003"):
        (.refused, "the database does not take a value")
      case (.refused, _), (.badAddress, _): (.refused, "the database does not let us in")
      case (.closed, _): (.failed, "the registry was closed")
      default: (.failed, "a statement failed")
      }
    self.init(code, message, cause: error)
  }
}
