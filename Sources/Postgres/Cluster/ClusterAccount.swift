import Foundation
import Vocabulary

/// The system account that PostgreSQL runs under: it refuses to run as root.
struct ClusterAccount {
  let user: uid_t
  let group: gid_t
  /// Whether it is the account of this process.
  let isOurs: Bool

  /// The owner of existing data; else our own account; for root, `postgres` or else `nobody`.
  static func choose(forData directory: String) throws -> ClusterAccount {
    let own = geteuid()
    guard own == 0 else { return ClusterAccount(user: own, group: getegid(), isOurs: true) }
    var status = stat()
    if stat(directory, &status) == 0, status.st_uid != 0 {
      return ClusterAccount(user: status.st_uid, group: status.st_gid, isOurs: false)
    }
    for name in ["postgres", "nobody"] {
      if let entry = getpwnam(name) {
        return ClusterAccount(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid, isOurs: false)
      }
    }
    throw PostgresError(.cluster, "PostgreSQL does not run as root, and there is no account “postgres” to run it under")
  }

  /// Runs a program under this account.
  func run(_ program: String, _ arguments: [String], deadline: Deadline) throws -> ChildProcess.Outcome {
    if isOurs { return try ChildProcess.run(program, arguments, deadline: deadline) }
    for tool in ["/usr/bin/setpriv", "/bin/setpriv"] where FileManager.default.isExecutableFile(atPath: tool) {
      return try ChildProcess.run(
        tool, ["--reuid=\(user)", "--regid=\(group)", "--clear-groups", "--", program] + arguments,
        deadline: deadline)
    }
    for tool in ["/usr/sbin/runuser", "/sbin/runuser"] where FileManager.default.isExecutableFile(atPath: tool) {
      guard let name = getpwuid(user).map({ String(cString: $0.pointee.pw_name) }) else { break }
      return try ChildProcess.run(tool, ["-u", name, "--", program] + arguments, deadline: deadline)
    }
    throw PostgresError(
      .cluster, "neither setpriv nor runuser is here to run PostgreSQL under another account than root")
  }

  /// Gives a file or folder to this account.
  func take(_ path: String) throws {
    guard !isOurs else { return }
    guard chown(path, user, group) == 0 else {
      throw PostgresError(.cluster, "\(path) cannot be given to the account that runs PostgreSQL: errno \(errno)")
    }
  }

  /// Whether this account can reach and write the folder: a parent only root may enter stands in the way.
  func canUse(_ directory: String, deadline: Deadline) throws -> Bool {
    if isOurs { return access(directory, R_OK | W_OK | X_OK) == 0 }
    return try run("/usr/bin/test", ["-w", directory], deadline: deadline).status == 0
      && run("/usr/bin/test", ["-x", directory], deadline: deadline).status == 0
  }
}
