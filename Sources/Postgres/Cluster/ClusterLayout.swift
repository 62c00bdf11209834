import Foundation
import Vocabulary

/// The paths of a private cluster.
struct ClusterLayout {
  /// The folder that holds everything: `data`, `password`, `pgpass`, `log`, `lock`.
  let directory: String

  var data: String { directory + "/data" }
  var unfinishedData: String { directory + "/data.unfinished" }
  var password: String { directory + "/password" }
  /// The same as libpq reads it, for programs that are given a URI without it.
  var passfile: String { directory + "/pgpass" }
  var log: String { directory + "/log" }
  var lock: String { directory + "/lock" }
  var settings: String { data + "/retrain.conf" }
  var processFile: String { data + "/postmaster.pid" }

  var hasData: Bool { FileManager.default.fileExists(atPath: data + "/PG_VERSION") }

  /// The major version that made the data.
  var majorVersion: Int? {
    (try? String(contentsOfFile: data + "/PG_VERSION", encoding: .utf8))
      .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  /// Where the socket goes: the path of a socket has at most 107 bytes, and the cluster's folder may be longer.
  var socketDirectory: String {
    directory.utf8.count + "/.s.PGSQL.65535".utf8.count <= 107
      ? directory : "/tmp/retrain-socket-\(Self.mark(directory))"
  }

  /// Sixteen hexadecimal digits that stand for a path.
  ///
  /// - Source: FNV-1a, Fowler, Noll & Vo.
  static func mark(_ path: String) -> String {
    let hash = path.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Makes the folder, or finds another place when the account cannot reach it; then gives it to the account.
  ///
  /// Below a folder that only root may enter, as `/root`, the cluster goes to `/var/lib/retrain/…`, and a file
  /// `location` in the asked-for folder says so.
  static func prepare(_ asked: String, deadline: Deadline) throws -> (ClusterLayout, ClusterAccount) {
    let asked = URL(fileURLWithPath: asked).standardizedFileURL.path
    let layout = ClusterLayout(directory: asked)
    try makeDirectory(asked)
    let known: Set = ["data", "data.unfinished", "password", "pgpass", "log", "lock", "location"]
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: asked)) ?? []
    guard entries.isEmpty || entries.contains(where: known.contains) else {
      throw PostgresError(.cluster, "\(asked) holds other files; a private cluster wants a folder of its own")
    }
    var account = try ClusterAccount.choose(forData: layout.data)
    try account.take(asked)
    if try account.canUse(asked, deadline: deadline) { return (layout, account) }
    guard !account.isOurs else {
      throw PostgresError(.cluster, "\(asked) belongs to another account than ours, and cannot be written by it")
    }
    // Another folder would be another, empty database.
    guard !layout.hasData else {
      throw PostgresError(
        .cluster,
        "\(asked) holds a database whose account (user \(account.user)) cannot reach it any more: a folder above it was "
          + "closed to others; 'chmod o+x' lets it through")
    }
    let other = ClusterLayout(directory: "/var/lib/retrain/\(mark(asked))")
    try makeDirectory("/var/lib/retrain", mode: 0o755)
    try makeDirectory(other.directory)
    account = try ClusterAccount.choose(forData: other.data)
    try account.take(other.directory)
    guard try account.canUse(other.directory, deadline: deadline) else {
      throw PostgresError(
        .cluster,
        "PostgreSQL does not run as root, and its own account reaches neither \(asked) nor "
          + "\(other.directory): choose a folder whose parents everyone may enter")
    }
    try? (other.directory + "\n").write(toFile: asked + "/location", atomically: true, encoding: .utf8)
    return (other, account)
  }

  /// The layout of a cluster made earlier for `asked`; nil when there is none.
  static func existing(_ asked: String) -> ClusterLayout? {
    let asked = URL(fileURLWithPath: asked).standardizedFileURL.path
    let candidates = [ClusterLayout(directory: asked), ClusterLayout(directory: "/var/lib/retrain/\(mark(asked))")]
    return candidates.first { $0.hasData }
  }

  static func makeDirectory(_ path: String, mode: mode_t = 0o700) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: Int(mode)])
    } catch {
      throw PostgresError(.cluster, "the folder \(path) cannot be made: \(error.localizedDescription)")
    }
  }
}
