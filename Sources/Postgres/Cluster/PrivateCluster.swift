import Foundation
public import Vocabulary

/// A PostgreSQL server of our own: made in a folder, reached over a socket and a loopback port, with a random password.
///
/// The port is chosen once and kept, as long as no other program has taken it meanwhile.
/// As root it runs under the account `postgres`. Whoever starts it again while it runs is attached to it.
public struct PrivateCluster: Sendable, CustomStringConvertible, CustomReflectable {
  /// Where its files really are: see `start`.
  public let directory: String
  /// The socket's connection string, password included: for `PostgresConnection` or a child, never for a log.
  public let uri: String
  /// The socket's connection string with the file where libpq finds the password, for people and their `psql`.
  public let shownURI: String
  /// `uri` over TCP.
  public let networkURI: String
  public let port: Int
  public let socketDirectory: String
  public let processID: Int32
  /// What whoever started it should be told; nil: nothing.
  public internal(set) var notice: String?

  public var description: String { "private cluster in \(directory), port \(port)" }
  public var customMirror: Mirror { Mirror(self, children: ["directory": directory, "port": port]) }

  static let user = "retrain"
  static let database = "retrain"

  private init(layout: ClusterLayout, process: ClusterProcess) throws {
    guard let password = try? String(contentsOfFile: layout.password, encoding: .utf8) else {
      throw PostgresError(.cluster, "\(layout.password) cannot be read: was the cluster made by another account?")
    }
    let secret = password.trimmingCharacters(in: .whitespacesAndNewlines)
    directory = layout.directory
    port = process.port
    socketDirectory = process.socketDirectory
    processID = process.processID
    let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "/-_."))
    let socket = process.socketDirectory.addingPercentEncoding(withAllowedCharacters: allowed.subtracting(["/"])) ?? ""
    uri = "postgresql://\(Self.user):\(secret)@\(socket):\(process.port)/\(Self.database)"
    let passfile = layout.passfile.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    shownURI = "postgresql://\(Self.user)@\(socket):\(process.port)/\(Self.database)?passfile=\(passfile)"
    networkURI = "postgresql://\(Self.user):\(secret)@127.0.0.1:\(process.port)/\(Self.database)"
  }

  /// Starts the cluster of `directory`, making it when the folder is empty; attaches when it runs already.
  ///
  /// When only root may enter a parent of the folder, the files go to `/var/lib/retrain/…` and a file `location` in the
  /// folder says where. A server killed with `kill -9` is recovered.
  ///
  /// - Parameter durable: False trades crash safety for speed: for tests and throw-away runs.
  /// - Throws: `PostgresError.cluster` with what is missing or the last lines of the server's log.
  public static func start(directory: String, deadline: Deadline, durable: Bool = true) throws -> PrivateCluster {
    let (layout, account) = try ClusterLayout.prepare(directory, deadline: deadline)
    let lock = try ClusterLock(layout.lock, deadline: deadline)
    defer { lock.release() }
    while true {
      let running = ClusterProcess.find(layout)
      var notice: String?
      if running == nil {
        let binaries = try ClusterBinaries.find(majorVersion: layout.majorVersion, deadline: deadline)
        let maker = ClusterMaker(layout: layout, account: account, binaries: binaries, durable: durable)
        if !layout.hasData { try maker.initialize(deadline: deadline) }
        try ClusterProcess.clearRemains(layout, deadline: deadline)
        notice = try maker.startServer(deadline: deadline)
      }
      guard let process = running ?? ClusterProcess.find(layout) else {
        throw PostgresError(.cluster, "the server ended right after its start; its log is \(layout.log)")
      }
      var cluster = try PrivateCluster(layout: layout, process: process)
      cluster.notice = notice
      do {
        try cluster.ensureDatabase(deadline: deadline)
        try layout.writePassfile(user: user)
        return cluster
      } catch let error as PostgresError where error.isRetryable && !deadline.hasPassed {
        // A server that somebody just killed, or that is still starting: look again.
        pause(.milliseconds(50))
      }
    }
  }

  /// The running cluster of `directory`, or nil.
  public static func running(directory: String) throws -> PrivateCluster? {
    guard let layout = ClusterLayout.existing(directory), let process = ClusterProcess.find(layout) else { return nil }
    return try PrivateCluster(layout: layout, process: process)
  }

  /// Stops the cluster of `directory` if it runs: open transactions are rolled back, everything committed stays.
  public static func stop(directory: String, deadline: Deadline) throws {
    guard let layout = ClusterLayout.existing(directory) else { return }
    let lock = try ClusterLock(layout.lock, deadline: deadline)
    defer { lock.release() }
    guard let process = ClusterProcess.find(layout) else { return }
    let binaries = try ClusterBinaries.find(majorVersion: layout.majorVersion, deadline: deadline)
    let account = try ClusterAccount.choose(forData: layout.data)
    let seconds = max(1, Int(deadline.remaining.seconds))
    let outcome = try account.run(
      binaries.control, ["stop", "-D", layout.data, "-m", "fast", "-w", "-t", String(seconds)],
      deadline: .after(.seconds(seconds + 2)))
    guard outcome.status == 0 || ClusterProcess.find(layout) == nil else {
      throw PostgresError(.cluster, "the server did not stop: \(outcome.output.trimmingCharacters(in: .newlines))")
    }
    if process.socketDirectory != layout.directory { rmdir(process.socketDirectory) }
  }

  public func stop(deadline: Deadline = .after(.seconds(20))) throws {
    try Self.stop(directory: directory, deadline: deadline)
  }

  /// Stops the cluster and removes its files.
  public func destroy(deadline: Deadline = .after(.seconds(20))) throws {
    try stop(deadline: deadline)
    try FileManager.default.removeItem(atPath: directory)
    let socket = ClusterLayout(directory: directory).socketDirectory
    if socket != directory { try? FileManager.default.removeItem(atPath: socket) }
  }

  private func ensureDatabase(deadline: Deadline) throws {
    let server = try PostgresAddress(uri).withDatabase("postgres")
    let session = try PostgresSession(connectingTo: server, applicationName: "retrain", deadline: deadline)
    session.deadline = deadline
    let known = try session.query("SELECT 1 FROM pg_database WHERE datname = $1", [.text(Self.database)])
    if known.count == 0 { try session.query("CREATE DATABASE \(session.quoted(Self.database))") }
  }
}
