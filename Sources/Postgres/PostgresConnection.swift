import Confinement
public import Vocabulary

/// A connection on a thread of its own: what blocks there blocks nobody else.
///
/// Pieces of work run one after the other, whole. A lost connection stays lost until `reopen`.
public actor PostgresConnection {
  private nonisolated let thread: ConfinedThread
  private var address: PostgresAddress?
  private let applicationName: String
  private var session: PostgresSession?
  private var isClosed = false

  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// A connection that is not open yet: `reopen` opens it.
  ///
  /// - Throws: `PostgresError.badAddress`.
  public init(_ uri: String, applicationName: String) throws {
    self.init(address: try PostgresAddress(uri), applicationName: applicationName)
  }

  public init(address: PostgresAddress, applicationName: String) {
    self.init(applicationName: applicationName, at: address)
  }

  /// A connection that hears with every `reopen` where the database is.
  public init(applicationName: String) { self.init(applicationName: applicationName, at: nil) }

  private init(applicationName: String, at address: PostgresAddress?) {
    self.address = address
    self.applicationName = applicationName
    thread = ConfinedThread(name: "postgres")
  }

  /// Connects within `deadline`.
  public static func connect(
    _ uri: String, applicationName: String, deadline: Deadline
  ) async throws -> PostgresConnection {
    let connection = try PostgresConnection(uri, applicationName: applicationName)
    try await connection.reopen(deadline: deadline)
    return connection
  }

  /// Connects if the connection is not open or was lost; one attempt.
  ///
  /// - Parameter place: Where the database is by now; nil: where it was.
  /// - Returns: Whether this made a new session: what the old one held (LISTEN, session locks) is gone.
  @discardableResult
  public func reopen(at place: PostgresAddress? = nil, deadline: Deadline) throws -> Bool {
    guard !isClosed else { throw PostgresError(.closed, "the connection was closed") }
    if let session, session.isUsable { return false }
    session = nil
    if let place { address = place }
    guard let address else { throw PostgresError(.badAddress, "nobody has said where the database is") }
    session = try PostgresSession(connectingTo: address, applicationName: applicationName, deadline: deadline)
    return true
  }

  public var isUsable: Bool { session?.isUsable ?? false }

  /// Runs `body` with the session on the connection's thread.
  ///
  /// - Parameter deadline: For every statement in `body`; nil leaves each the session's own timeout.
  @discardableResult
  public func perform<Value: Sendable>(
    deadline: Deadline? = nil, _ body: @Sendable (PostgresSession) throws -> Value
  ) throws -> Value {
    guard !isClosed else { throw PostgresError(.closed, "the connection was closed") }
    guard let session else { throw PostgresError(.connectionLost, "the connection is not open") }
    session.deadline = deadline
    defer { session.deadline = nil }
    return try body(session)
  }

  /// Runs `body` in one transaction.
  @discardableResult
  public func transaction<Value: Sendable>(
    deadline: Deadline? = nil, _ body: @Sendable (PostgresSession) throws -> Value
  ) throws -> Value {
    try perform(deadline: deadline) { try $0.transaction(body) }
  }

  /// The notifications of `channel` from now on. The stream ends when the connection is lost or closed.
  ///
  /// Notifications wait in the connection until they are asked for, so nothing is dropped and no task runs behind it.
  /// While somebody waits for the next one, other work on this connection waits up to 100 ms for its turn: use a
  /// connection of its own.
  public func notifications(on channel: String, deadline: Deadline) throws -> AsyncStream<PostgresNotification> {
    try perform(deadline: deadline) { try $0.listen(channel) }
    return AsyncStream { await self.nextNotification() }
  }

  private var undelivered: [PostgresNotification] = []

  private func nextNotification() async -> PostgresNotification? {
    while !Task.isCancelled {
      if !undelivered.isEmpty { return undelivered.removeFirst() }
      guard !isClosed, let session, let arrived = try? session.notifications(waitingUpTo: .milliseconds(100))
      else { return nil }
      undelivered = arrived
      // Lets commits and `close` have the thread between two waits.
      await Task.yield()
    }
    return nil
  }

  /// Ends the session; `reopen` makes another.
  public func drop() { session = nil }

  /// Ends the connection; later calls throw `closed`.
  public func close() {
    isClosed = true
    session = nil
  }
}
