import CPostgres
import Foundation
public import Vocabulary

/// One libpq connection, used from one thread: the thread of its `PostgresConnection`, or whichever made it.
///
/// Every wait ends at a deadline: connecting at the one given, a statement at `deadline` or after `statementTimeout`.
public final class PostgresSession {
  let handle: OpaquePointer
  private let address: PostgresAddress
  /// How long a statement may take when `deadline` is not set.
  public var statementTimeout: Duration = .seconds(30)
  /// When statements must be done, whatever `statementTimeout` says. The owner sets it around a piece of work.
  public var deadline: Deadline?
  private(set) var isBroken = false
  private var isInTransaction = false

  /// Connects. Resolving a host name is libpq's own, blocking, and may outlast the deadline by the resolver's timeout.
  ///
  /// - Throws: `PostgresError` with `badAddress`, `refused`, `unavailable` or `timedOut`.
  public init(connectingTo address: PostgresAddress, applicationName: String, deadline: Deadline) throws {
    self.address = address
    // The name goes in front of the string's own settings: what the string says wins.
    // A server that vanished without a word is noticed within half a minute, also by a session that only listens.
    let settings = [
      ("application_name", applicationName), ("client_encoding", "UTF8"), ("keepalives_idle", "10"),
      ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "25000"),
      ("dbname", address.connectionString),
    ]
    let (keywords, values) = (settings.map(\.0), settings.map(\.1))
    let started = withCStrings(keywords) { keywords in
      withCStrings(values) { values in PQconnectStartParams(keywords, values, 1) }
    }
    guard let started else { throw PostgresError(.unavailable, "libpq has no memory for a connection") }
    handle = started
    // Notices would go to the standard error stream, which belongs to the log.
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
    do {
      try finishConnecting(until: deadline)
      guard PQsetnonblocking(handle, 1) == 0 else { throw lostConnection() }
    } catch {
      isBroken = true
      throw error  // `deinit` runs and finishes the handle: every stored property has its value.
    }
  }

  deinit { PQfinish(handle) }

  /// Whether the connection can still be used.
  public var isUsable: Bool { !isBroken && PQstatus(handle) == CONNECTION_OK }

  private func finishConnecting(until deadline: Deadline) throws {
    // libpq: behave as if the last poll had asked to write.
    var next = PGRES_POLLING_WRITING
    while true {
      switch next {
      case PGRES_POLLING_OK: return
      case PGRES_POLLING_FAILED: throw connectFailure()
      default: break
      }
      guard PQstatus(handle) != CONNECTION_BAD else { throw connectFailure() }
      let ready = try waitForSocket(
        PQsocket(handle), reading: next == PGRES_POLLING_READING, writing: next == PGRES_POLLING_WRITING,
        until: deadline)
      guard ready else { throw PostgresError(.timedOut, "no connection to \(address) within the deadline") }
      next = PQconnectPoll(handle)
    }
  }

  private func connectFailure() -> PostgresError {
    let text = message(String(cString: PQerrorMessage(handle)))
    // libpq gives no SQLSTATE for a failed connection: the server's words are all there is.
    let refusals = ["authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied"]
    let isRefusal = refusals.contains { text.contains($0) } && !text.contains("No such file")
    return PostgresError(isRefusal ? .refused : .unavailable, text, sqlState: ServerCondition(words: text)?.sqlState)
  }

  /// Marks the connection broken and says so.
  func lostConnection() -> PostgresError {
    isBroken = true
    return PostgresError(.connectionLost, message(String(cString: PQerrorMessage(handle))))
  }

  func breakConnection() { isBroken = true }

  /// One line, without secrets.
  func message(_ text: String) -> String {
    let line = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .joined(separator: "; ")
    return address.redact(line.isEmpty ? "the connection was lost" : line)
  }

  /// Runs one statement with its parameters and gives its rows.
  ///
  /// - Parameter sql: One statement; `$1 …` stand for the parameters.
  /// - Throws: `PostgresError`. After `timedOut` the statement has been cancelled; if the server did not confirm that,
  ///   the connection is broken.
  @discardableResult
  public func query(_ sql: String, _ parameters: [PostgresValue] = []) throws -> PostgresRows {
    let end = try begin()
    guard try sendQuery(sql, parameters) == 1 else { throw lostConnection() }
    return try awaitResult(until: end)
  }

  /// Runs statements without parameters in one go, as a migration file holds them.
  public func script(_ sql: String) throws {
    let end = try begin()
    guard PQsendQuery(handle, sql) == 1 else { throw lostConnection() }
    _ = try awaitResult(until: end)
  }

  /// When the statement about to be sent must be done; nothing is sent after its deadline.
  private func begin() throws -> Deadline {
    guard !isBroken else { throw PostgresError(.connectionLost, "the connection was lost earlier") }
    let end = deadline ?? .after(statementTimeout)
    guard !end.hasPassed else { throw PostgresError(.timedOut, "the deadline passed before a statement was sent") }
    return end
  }

  /// Runs `body` between BEGIN and COMMIT; whatever it throws rolls back.
  ///
  /// When the connection is lost during COMMIT (`connectionLost`), nobody here knows whether it happened.
  @discardableResult
  public func transaction<Value>(_ body: (PostgresSession) throws -> Value) throws -> Value {
    precondition(!isInTransaction, "transactions do not nest")
    try query("BEGIN")
    isInTransaction = true
    defer { isInTransaction = false }
    do {
      let value = try body(self)
      let commit = try query("COMMIT")
      guard commit.command == "COMMIT" else {
        throw PostgresError(.statement, "the transaction had failed before its end and was rolled back")
      }
      return value
    } catch {
      rollBack()
      throw error
    }
  }

  private func rollBack() {
    guard isUsable, PQtransactionStatus(handle) != PQTRANS_IDLE else { return }
    cleanUp("ROLLBACK")
  }

  /// Runs `body` while holding the advisory lock `key`, across transactions.
  public func withAdvisoryLock<Value>(_ key: Int64, _ body: (PostgresSession) throws -> Value) throws -> Value {
    try query("SELECT pg_advisory_lock($1)", [.int(key)])
    defer { if isUsable { cleanUp("SELECT pg_advisory_unlock($1)", [.int(key)]) } }
    return try body(self)
  }

  /// A statement that must not fail for want of time: the caller's deadline may be what failed, so it gets a short one of
  /// its own. If it fails all the same, the connection ends, and with it whatever the session held.
  private func cleanUp(_ sql: String, _ parameters: [PostgresValue] = []) {
    let kept = deadline
    deadline = .after(.seconds(2))
    defer { deadline = kept }
    do { try query(sql, parameters) } catch { isBroken = true }
  }
}

/// Calls `body` with a null-terminated array of C strings.
func withCStrings<Value>(
  _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> Value
) rethrows -> Value {
  let copies = strings.map { strdup($0) }
  defer { copies.forEach { free($0) } }
  let pointers = copies.map { $0.map { UnsafePointer($0) } } + [nil]
  return try pointers.withUnsafeBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("an array with its terminator is not empty") }
    return try body(base)
  }
}
