import Postgres
import Vocabulary

/// A connection that comes back by itself.
///
/// A piece of work that meets a lost connection or a collision is done again, within its caller's patience; all work here
/// may be: it is a reading, or a writing that finds out whether it was done before.
actor DatabaseLink {
  private let connection: PostgresConnection
  private let location: DatabaseLocation
  private var failures = 0
  private var nextAttempt = ContinuousClock.now
  private var lastFailure: PostgresError?

  init(location: DatabaseLocation, applicationName: String) {
    self.location = location
    connection = PostgresConnection(applicationName: applicationName)
  }

  /// Runs `body` with a session, reconnecting with back-off until `patience` is over.
  ///
  /// - Throws: What `body` throws; `RegistryError` for what the door throws.
  func perform<Value: Sendable>(
    patience: Duration, _ body: @Sendable (PostgresSession) throws -> Value
  ) async throws -> Value {
    let deadline = Deadline.after(patience)
    var collisions = 0
    var lastWord: PostgresError?
    while true {
      do {
        try await open(deadline)
        return try await connection.perform(deadline: deadline, body)
      } catch let error as PostgresError {
        if error.condition != nil { lastWord = error }
        // That the deadline passed says less than what the server said before.
        let cause = error.code == .timedOut ? lastWord ?? error : error
        guard error.isRetryable, !deadline.hasPassed else { throw RegistryError(cause) }
        collisions += 1
        // A server that answers and cannot (a full disk, a collision) is asked ever less often, as one that is away.
        let isThere = await connection.isUsable
        let pause = isThere ? backOff(collisions) : max(.zero, ContinuousClock.now.duration(to: nextAttempt))
        guard pause < deadline.remaining else { throw RegistryError(cause) }
        try await Task.sleep(for: pause)
      }
    }
  }

  /// The same in one transaction.
  func transaction<Value: Sendable>(
    patience: Duration, _ body: @Sendable (PostgresSession) throws -> Value
  ) async throws -> Value {
    try await perform(patience: patience) { try $0.transaction(body) }
  }

  /// Connects if need be. While the database stays away, one caller tries and the others hear of it at once.
  private func open(_ deadline: Deadline) async throws {
    if await connection.isUsable { return }
    if let lastFailure, ContinuousClock.now < nextAttempt { throw lastFailure }
    failures += 1
    nextAttempt = .now.advanced(by: backOff(failures))
    do {
      if try await connection.reopen(at: location.address(), deadline: deadline.or(.after(.seconds(3)))) {
        // A writer that hangs must not hold its locks for ever.
        try await connection.perform(deadline: deadline) {
          _ = try $0.query("SET idle_in_transaction_session_timeout = '30s'")
        }
      }
      failures = 0
      lastFailure = nil
    } catch let error as PostgresError {
      lastFailure = error
      throw error
    }
  }

  /// 50 ms, doubling to two seconds, with some chance in it so that many do not come back at once.
  private func backOff(_ attempt: Int) -> Duration {
    let milliseconds = min(2000, 50 << min(attempt - 1, 6))
    return .milliseconds(Int.random(in: (milliseconds / 2)...milliseconds))
  }

  func close() async { await connection.close() }
}
