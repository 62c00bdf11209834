import Foundation
public import Postgres
import Synchronization
import Vocabulary

/// A database for one suite, on a real PostgreSQL.
///
/// The server is the one that `RETRAIN_TEST_DATABASE_URL` names; else a private cluster in a temporary folder, started
/// when the first test asks and stopped when the process ends, however it ends.
public struct TestDatabase: Sendable {
  public let uri: String
  public let name: String

  /// A new, empty database.
  public static func fresh() throws -> TestDatabase {
    let server = try TestServer.shared.address()
    let name = "test_\(getpid())_\(numbers.add(1, ordering: .relaxed).oldValue)"
    let session = try PostgresSession(
      connectingTo: server, applicationName: "retrain tests", deadline: .after(.seconds(20)))
    try session.query("CREATE DATABASE \"\(name)\"")
    TestServer.shared.remember(name)
    return TestDatabase(uri: server.withDatabase(name).connectionString, name: name)
  }

  private static let numbers = Atomic<Int>(1)

  /// A session on this database, on the calling thread.
  public func session(applicationName: String = "retrain tests") throws -> PostgresSession {
    try PostgresSession(
      connectingTo: PostgresAddress(uri), applicationName: applicationName, deadline: .after(.seconds(20)))
  }

  /// Ends every other connection to this database, as a server that restarts does. Gives how many there were.
  @discardableResult
  public func disconnectEverybody(where condition: String = "true") throws -> Int {
    try session().query(
      """
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND \(condition)
      """
    ).count
  }
}

/// The server behind the tests of this process.
private final class TestServer: Sendable {
  static let shared = TestServer()

  private struct State {
    var address: PostgresAddress?
    var cluster: PrivateCluster?
    var databases: [String] = []
    /// The watchdog's end of the pipe: it closes when this process ends, whatever ends it.
    var lifeline: Int32 = -1
  }
  private let state = Mutex(State())

  func address() throws -> PostgresAddress {
    try state.withLock { state in
      if let address = state.address { return address }
      if let given = ProcessInfo.processInfo.environment["RETRAIN_TEST_DATABASE_URL"], !given.isEmpty {
        state.address = try PostgresAddress(given)
      } else {
        let folder = FileManager.default.temporaryDirectory.path + "/retrain-test-pg-\(getpid())"
        let cluster = try PrivateCluster.start(directory: folder, deadline: .after(.seconds(60)), durable: false)
        state.cluster = cluster
        state.address = try PostgresAddress(cluster.uri)
        state.lifeline = try Self.startWatchdog(cluster)
      }
      atexit { TestServer.shared.shutDown() }
      return try state.address ?? PostgresAddress("")
    }
  }

  func remember(_ database: String) { state.withLock { $0.databases.append(database) } }

  private func shutDown() {
    let (address, cluster, databases) = state.withLock { ($0.address, $0.cluster, $0.databases) }
    if let cluster {
      try? cluster.destroy()
    } else if let address,
      let session = try? PostgresSession(
        connectingTo: address, applicationName: "retrain tests", deadline: .after(.seconds(5)))
    {
      // Each drop makes the server write out everything it holds.
      session.statementTimeout = .seconds(120)
      for name in databases { _ = try? session.query("DROP DATABASE IF EXISTS \"\(name)\" WITH (FORCE)") }
    }
  }

  /// A shell in a session of its own that waits for this process to end and then stops the server and removes its files.
  private static func startWatchdog(_ cluster: PrivateCluster) throws -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw PostgresError(.cluster, "no pipe for the watchdog: errno \(errno)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let watchdog = Process()
    watchdog.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // Only where the server was not stopped already: its number may belong to another process by then.
    let script = """
      cat >/dev/null; test -e "$2/data/postmaster.pid" || exit 0; kill -QUIT "$1"
      while kill -0 "$1" 2>/dev/null; do sleep 0.1; done; rm -rf "$2"
      """
    watchdog.arguments = [
      "setsid", "sh", "-c", script, "retrain-test-watchdog", String(cluster.processID), cluster.directory,
    ]
    watchdog.currentDirectoryURL = URL(fileURLWithPath: "/")
    watchdog.standardInput = FileHandle(fileDescriptor: ends[0], closeOnDealloc: false)
    watchdog.standardOutput = FileHandle.nullDevice
    watchdog.standardError = FileHandle.nullDevice
    try watchdog.run()
    close(ends[0])
    return ends[1]
  }
}
