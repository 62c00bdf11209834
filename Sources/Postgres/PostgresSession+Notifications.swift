import CPostgres
import Vocabulary

/// What a NOTIFY carried.
public struct PostgresNotification: Sendable, Hashable {
  public let channel: String
  public let payload: String
  /// The server process that sent it.
  public let sender: Int32
}

extension PostgresSession {
  /// Starts listening on `channel`.
  public func listen(_ channel: String) throws {
    try query("LISTEN \(quoted(channel))")
  }

  /// What has arrived, waiting up to `duration` when nothing has.
  ///
  /// - Throws: `PostgresError.connectionLost`: notifications sent until the next `listen` are gone.
  public func notifications(waitingUpTo duration: Duration) throws -> [PostgresNotification] {
    guard !isBroken else { throw PostgresError(.connectionLost, "the connection was lost earlier") }
    let deadline = Deadline.after(duration)
    while true {
      guard PQconsumeInput(handle) == 1 else { throw lostConnection() }
      let arrived = takeNotifications()
      if !arrived.isEmpty { return arrived }
      guard try waitForSocket(PQsocket(handle), reading: true, writing: false, until: deadline) else { return [] }
    }
  }

  private func takeNotifications() -> [PostgresNotification] {
    var arrived: [PostgresNotification] = []
    while let next = PQnotifies(handle) {
      arrived.append(
        PostgresNotification(
          channel: String(cString: next.pointee.relname), payload: String(cString: next.pointee.extra),
          sender: next.pointee.be_pid))
      PQfreemem(next)
    }
    return arrived
  }

  /// An identifier in double quotes, for the few places where SQL allows no parameter.
  func quoted(_ identifier: String) -> String {
    "\"" + identifier.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
  }
}
