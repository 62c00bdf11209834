import CPostgres
import Foundation
import Synchronization
import Vocabulary

extension PostgresSession {
  /// Hands a statement to libpq; 1 when it took it.
  func sendQuery(_ sql: String, _ parameters: [PostgresValue]) throws -> Int32 {
    var arena: [UInt8] = []
    var starts: [Int] = []
    for parameter in parameters {
      starts.append(arena.count)
      try parameter.encode(into: &arena)
    }
    let end = arena.count
    let types = parameters.map(\.typeID)
    let formats = parameters.map { Int32($0.isBinary ? 1 : 0) }
    var lengths = starts.indices.map { Int32(($0 + 1 < starts.count ? starts[$0 + 1] : end) - starts[$0]) }
    arena.append(0)  // a binary value of no bytes still needs an address: a null pointer would mean NULL
    return arena.withUnsafeBufferPointer { arena in
      var pointers: [UnsafePointer<CChar>?] = zip(parameters, starts).map { parameter, start in
        if case .null = parameter { return nil }
        return arena.baseAddress.map { UnsafeRawPointer($0 + start).assumingMemoryBound(to: CChar.self) }
      }
      func send(from index: Int) -> Int32 {
        for place in index..<parameters.count {
          let slice: ArraySlice<UInt8>
          switch parameters[place] {
          case .bytes(let bytes): slice = bytes[...]
          case .slice(let part): slice = part
          default: continue
          }
          if slice.isEmpty { continue }
          // Each buffer stays in place while the ones after it, and then the call, run inside.
          return slice.withUnsafeBytes { bytes in
            pointers[place] = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            lengths[place] = Int32(clamping: bytes.count)
            return send(from: place + 1)
          }
        }
        return PQsendQueryParams(handle, sql, Int32(parameters.count), types, pointers, lengths, formats, 1)
      }
      return send(from: 0)
    }
  }

  /// The last result of the statement under way, once the server has sent it all.
  func awaitResult(until deadline: Deadline) throws -> PostgresRows {
    var rows: PostgresRows?
    var failure: PostgresError?
    while true {
      guard try waitUntilIdle(deadline) else {
        try cancelStatement()
        throw PostgresError(.timedOut, "a statement took longer than its deadline and was cancelled")
      }
      guard let result = PQgetResult(handle) else { break }
      switch PQresultStatus(result) {
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: rows = PostgresRows(owning: result)
      default:
        failure = failure ?? error(in: result)
        PQclear(result)
      }
      // A broken connection gives its error once more for every call: leave at once.
      if PQstatus(handle) == CONNECTION_BAD { break }
    }
    if PQstatus(handle) == CONNECTION_BAD {
      let lost = lostConnection()
      guard let failure, failure.sqlState != nil else { throw lost }
      throw PostgresError(.connectionLost, failure.message, sqlState: failure.sqlState)
    }
    if let failure { throw failure }
    guard let rows else { throw PostgresError(.unexpectedResult, "the server gave no result") }
    return rows
  }

  /// Sends what waits and reads until a result is complete; false when the deadline passed first.
  private func waitUntilIdle(_ deadline: Deadline) throws -> Bool {
    while true {
      let unsent = PQflush(handle)
      guard unsent >= 0 else { throw lostConnection() }
      if unsent == 0, PQisBusy(handle) == 0 { return true }
      guard try waitForSocket(PQsocket(handle), reading: true, writing: unsent == 1, until: deadline) else {
        return false
      }
      // A failure here also shows as the result of the statement, with the server's last words.
      if PQconsumeInput(handle) == 0, PQisBusy(handle) == 1 { throw lostConnection() }
    }
  }

  /// Asks the server to stop the statement and waits briefly for it to say so; if it does not, the connection is broken.
  private func cancelStatement() throws {
    let grace = Deadline.after(.seconds(2))
    guard let cancel = PQgetCancel(handle) else { return breakConnection() }
    let request = CancelRequest(cancel: cancel)
    // `PQcancel` opens a connection of its own and blocks without a deadline, so it gets a thread of its own. The wait
    // for it keeps a late cancel from hitting the next statement.
    let thread = Thread { request.send() }
    thread.name = "pq-cancel"
    thread.start()
    guard request.wait(until: grace) else { return breakConnection() }
    do {
      while true {
        guard try waitUntilIdle(grace) else { return breakConnection() }
        guard let result = PQgetResult(handle) else { return }
        PQclear(result)
        if PQstatus(handle) == CONNECTION_BAD { return breakConnection() }
      }
    } catch {
      breakConnection()
    }
  }

  private func error(in result: OpaquePointer) -> PostgresError {
    func field(_ code: Character) -> String? {
      PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
    }
    // Only the primary message: the detail repeats the row, and rows hold secrets.
    let state = field("C")
    let text = message(field("M") ?? String(cString: PQresultErrorMessage(result)))
    return PostgresError(
      state.map(PostgresError.code(ofState:)) ?? .connectionLost, text, sqlState: state, constraint: field("n"))
  }
}

/// A cancel request on its way.
private final class CancelRequest: @unchecked Sendable {  // libpq documents `PGcancel` as usable from any thread.
  private let cancel: OpaquePointer
  private let done = DispatchSemaphore(value: 0)

  init(cancel: OpaquePointer) { self.cancel = cancel }

  deinit { PQfreeCancel(cancel) }

  func send() {
    var text = [CChar](repeating: 0, count: 256)
    _ = PQcancel(cancel, &text, Int32(text.count))
    done.signal()
  }

  func wait(until deadline: Deadline) -> Bool {
    done.wait(timeout: .now() + deadline.remaining.seconds) == .success
  }
}

/// Waits until `socket` can be read or written; false when the deadline passed first.
func waitForSocket(_ socket: Int32, reading: Bool, writing: Bool, until deadline: Deadline) throws -> Bool {
  guard socket >= 0 else { throw PostgresError(.connectionLost, "the connection has no socket any more") }
  var events: Int16 = 0
  if reading { events |= Int16(POLLIN) }
  if writing { events |= Int16(POLLOUT) }
  var entry = pollfd(fd: socket, events: events, revents: 0)
  while true {
    let ready = poll(&entry, 1, deadline.remainingMilliseconds)
    if ready > 0 { return true }
    if ready == 0, deadline.hasPassed { return false }
    if ready < 0, errno != EINTR, errno != EAGAIN {
      throw PostgresError(.connectionLost, "waiting for the socket failed: errno \(errno)")
    }
  }
}
