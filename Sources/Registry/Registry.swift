import Postgres
public import Vocabulary

/// Everything the system remembers: pipelines, the group, checkpoints with their offsets, versions and the journal.
///
/// A value that any task may use. Two connections stand behind it: one for the states of checkpoints, which are large,
/// and one for all else, so that a heartbeat never waits behind a state. Both come back by themselves; a call that cannot
/// be served within `patience` throws `RegistryError.unavailable`, which is worth another try.
public struct Registry: Sendable {
  let link: DatabaseLink
  let bulkLink: DatabaseLink
  let source: ChangeSource
  /// How long a call may take, waiting for the database included.
  public var patience: Duration = .seconds(15)
  /// Under which all is written; nil: anybody may.
  var fence: LeaseToken?

  /// Connects within `deadline`. The database may still lack its tables: see `migrate`.
  public static func open(uri: String, applicationName: String, deadline: Deadline) async throws -> Registry {
    try await open(at: DatabaseLocation(uri: uri), applicationName: applicationName, deadline: deadline)
  }

  /// The same, of a database that may move.
  public static func open(
    at location: DatabaseLocation, applicationName: String, deadline: Deadline
  ) async throws -> Registry {
    let registry = Registry(
      link: DatabaseLink(location: location, applicationName: applicationName),
      bulkLink: DatabaseLink(location: location, applicationName: applicationName + " (states)"),
      source: ChangeSource(location: location, applicationName: applicationName + " (changes)"))
    try await registry.link.perform(patience: deadline.remaining) { _ = try $0.query("SELECT 1") }
    return registry
  }

  /// Opens the connection for states too, which else waits for the first state: a server that is shutting down lets
  /// those in it finish, and nobody new in.
  public func openFully() async throws {
    try await bulkLink.perform(patience: patience) { _ = try $0.query("SELECT 1") }
  }

  /// The same registry for calls that may take so long.
  public func within(_ patience: Duration) -> Registry {
    var registry = self
    registry.patience = patience
    return registry
  }

  /// Ends the connections. Streams of changes go on until they are dropped.
  public func close() async {
    await link.close()
    await bulkLink.close()
  }

  func perform<Value: Sendable>(_ body: @Sendable (PostgresSession) throws -> Value) async throws -> Value {
    try await link.perform(patience: patience, body)
  }

  /// In a transaction, which a registry that is fenced refuses once its lease has passed to somebody else.
  func transaction<Value: Sendable>(_ body: @Sendable (PostgresSession) throws -> Value) async throws -> Value {
    let fence = self.fence
    return try await link.transaction(patience: patience) { session in
      if let fence { try session.verify(fence) }
      return try body(session)
    }
  }

  /// The same registry for whoever holds a lease: what it writes after somebody else has taken it is refused as `fenced`. One that
  /// has run out and that nobody has taken still counts.
  public func fenced(by lease: LeaseToken) -> Registry {
    var registry = self
    registry.fence = lease
    return registry
  }
}

extension PostgresSession {
  /// Takes the pipeline's row until the transaction ends: whoever changes its generation, versions or newest checkpoint
  /// does so one after the other.
  ///
  /// - Returns: The current generation.
  func lockPipeline(_ pipeline: Int64) throws -> Generation {
    // Not FOR UPDATE: rows that refer to the pipeline may still be added beside us.
    let rows = try query("SELECT generation FROM pipelines WHERE id = $1 FOR NO KEY UPDATE", [.int(pipeline)])
    guard let row = rows.first else { throw RegistryError(.notFound, "there is no pipeline with number \(pipeline)") }
    return Generation(try row.value("generation"))
  }
}
