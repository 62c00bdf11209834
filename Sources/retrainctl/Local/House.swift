import Foundation

/// Where local data lies: the folder named by `RETRAIN_HOME`.
struct House: Sendable {
  /// Absolute.
  let root: String

  init(environment: Environment = .process) {
    root = URL(filePath: environment.home).standardizedFileURL.path.trimmingSuffix("/")
  }

  var postgres: String { root + "/postgres" }
  var kafka: String { root + "/kafka" }
  /// Locks and addresses of what runs.
  var run: String { root + "/run" }
  func logs(_ pipeline: String) -> String { root + "/logs/" + pipeline }

  /// Makes the folders; several processes may do so at once.
  func prepare() throws {
    for folder in [root, run, root + "/logs"] { try Self.makeFolder(folder) }
  }

  static func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(.unavailable, "the folder \(path) cannot be made: \(error.localizedDescription)")
    }
  }
}

extension String {
  func trimmingSuffix(_ suffix: Character) -> String { String(reversed().drop { $0 == suffix }.reversed()) }
}
