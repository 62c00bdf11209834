import Postgres

/// Where the database is: asked anew before every attempt to connect, because a private cluster may come back at another
/// port or with another password.
public struct DatabaseLocation: Sendable {
  private let current: @Sendable () throws -> String

  /// A connection string that stays as it is.
  public init(uri: String) { current = { uri } }

  /// - Parameter current: Gives the connection string of this moment; called before each attempt, on any thread.
  public init(_ current: @escaping @Sendable () throws -> String) { self.current = current }

  func address() throws -> PostgresAddress {
    let uri: String
    do { uri = try current() } catch let error as PostgresError { throw error } catch {
      throw PostgresError(.unavailable, "where the database is cannot be found out: \(error)")
    }
    return try PostgresAddress(uri)
  }
}
