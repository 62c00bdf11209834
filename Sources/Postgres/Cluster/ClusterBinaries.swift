import Foundation
import Vocabulary

/// Where PostgreSQL's server programs are.
struct ClusterBinaries {
  let directory: String
  let majorVersion: Int

  var initdb: String { directory + "/initdb" }
  var control: String { directory + "/pg_ctl" }

  /// Finds programs of the version that made the data, or the newest.
  ///
  /// Looks where `pg_config` says, where the distributions put them, and along the search path.
  static func find(majorVersion wanted: Int?, deadline: Deadline) throws -> ClusterBinaries {
    var found: [ClusterBinaries] = []
    for directory in candidates(deadline: deadline) where !found.contains(where: { $0.directory == directory }) {
      let isComplete = ["initdb", "pg_ctl", "postgres"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: directory + "/" + $0)
      }
      guard isComplete, let version = try? version(in: directory, deadline: deadline) else { continue }
      found.append(ClusterBinaries(directory: directory, majorVersion: version))
    }
    if let wanted {
      if let match = found.first(where: { $0.majorVersion == wanted }) { return match }
      throw PostgresError(
        .cluster, "the data was made by PostgreSQL \(wanted), whose server programs are not installed here")
    }
    guard let newest = found.max(by: { $0.majorVersion < $1.majorVersion }) else {
      throw PostgresError(
        .cluster,
        "PostgreSQL's server programs (initdb, pg_ctl, postgres) are not installed: on Debian and Ubuntu, "
          + "apt-get install postgresql")
    }
    return newest
  }

  private static func candidates(deadline: Deadline) -> [String] {
    var directories: [String] = []
    // `env` searches the caller's path; this room reads no environment itself.
    let asked = try? ChildProcess.run(
      "/usr/bin/env",
      ["sh", "-c", "pg_config --bindir 2>/dev/null; dirname \"$(command -v initdb)\" 2>/dev/null; true"],
      deadline: deadline, environment: nil)
    directories += (asked?.output ?? "").split(separator: "\n").map(String.init).filter { $0.hasPrefix("/") }
    for (parent, suffix) in [
      ("/usr/lib/postgresql", "/bin"), ("/usr/local/opt", "/bin"), ("/opt/homebrew/opt", "/bin"), ("/usr", "/bin"),
    ] {
      let entries = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
      directories += entries.filter { Int($0) != nil || $0.hasPrefix("postgresql") || $0.hasPrefix("pgsql-") }
        .sorted().map { "\(parent)/\($0)\(suffix)" }
    }
    return directories
  }

  private static func version(in directory: String, deadline: Deadline) throws -> Int? {
    // “postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)”
    let outcome = try ChildProcess.run(directory + "/postgres", ["--version"], deadline: deadline)
    return outcome.output.split(separator: " ").dropFirst(2).first.flatMap { $0.split(separator: ".").first }
      .flatMap { Int($0.filter(\.isNumber)) }
  }
}
