public import Foundation
import Postgres
public import Vocabulary

/// Who runs a pipeline with `start`.
public struct RunHolder: Sendable, Hashable, CustomStringConvertible {
  public let host: String
  public let processID: Int32
  public let since: Date

  public var description: String { "process \(processID) on \(host), since \(since.ISO8601Format())" }
}

/// The right to run a pipeline with `start`: one process at a time has it, wherever it runs.
///
/// An advisory lock of a session of its own: the server takes it back when the process ends, however that happens, and when
/// its machine has been silent for half a minute. A server that restarts forgets it, so it is to be kept.
public actor RunHold {
  private let connection: PostgresConnection
  private let location: DatabaseLocation
  private let pipeline: String
  private nonisolated let name: String

  /// "run!" in ASCII: the class of these locks.
  private static let lockClass: Int64 = 0x7275_6E21
  /// An application name has at most 63 bytes.
  private static let prefix = "retrainctl run "

  public init(location: DatabaseLocation, pipeline: String, host: String, processID: Int32) {
    self.location = location
    self.pipeline = pipeline
    name = "\(processID) \(host.prefix(36))"
    connection = PostgresConnection(applicationName: Self.prefix + name)
  }

  /// Whether it is an old session of ours, which the server has not given up yet.
  public nonisolated func isOurs(_ holder: RunHolder) -> Bool { "\(holder.processID) \(holder.host)" == name }

  /// Takes it, or finds that it is ours still.
  ///
  /// - Returns: Who has it instead; nil: it is ours.
  public func take(deadline: Deadline) async throws -> RunHolder? {
    do {
      // A session that the server has ended looks well until it is used.
      if await connection.isUsable {
        _ = try? await connection.perform(deadline: deadline) { _ = try $0.query("SELECT 1") }
      }
      guard try await connection.reopen(at: location.address(), deadline: deadline) else { return nil }
      let pipeline = pipeline
      let holder = try await connection.perform(deadline: deadline) { session -> RunHolder? in
        for setting in ["tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3"] {
          try session.query("SET \(setting)")
        }
        let taken = try session.query(
          "SELECT pg_try_advisory_lock($1::int, hashtext($2)) AS taken", [.int(Self.lockClass), .text(pipeline)])
        if try taken[0].value("taken") { return nil }
        return try Self.holder(session, pipeline)
      }
      // Not ours: the next call asks again, over a session that does not stand in the list.
      if holder != nil { await connection.drop() }
      return holder
    } catch let error as PostgresError { throw RegistryError(error) }
  }

  private static func holder(_ session: PostgresSession, _ pipeline: String) throws -> RunHolder {
    let rows = try session.query(
      """
      SELECT a.application_name, coalesce(a.backend_start, now()) AS since
      FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid::bigint = $1
        AND l.objid::bigint = hashtext($2)::bigint & 4294967295
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      """, [.int(lockClass), .text(pipeline)])
    let name: String = try rows.first?.optional("application_name") ?? ""
    let words = name.hasPrefix(prefix) ? name.dropFirst(prefix.count).split(separator: " ", maxSplits: 1) : []
    return RunHolder(
      host: words.count == 2 ? String(words[1]) : "another machine", processID: words.first.flatMap { Int32($0) } ?? 0,
      since: try rows.first?.value("since") ?? Date())
  }

  /// Gives it up.
  public func release() async { await connection.close() }
}
