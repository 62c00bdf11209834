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
    var isFolder: ObjCBool = false
    for place in sequence(first: URL(filePath: root), next: { $0.path == "/" ? nil : $0.deletingLastPathComponent() })
    where FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder) && !isFolder.boolValue {
      throw CommandFailure(
        .usage, "local data cannot lie under \(root): \(place.path) is no folder; RETRAIN_HOME names another")
    }
    let missing = sequence(first: URL(filePath: root)) { $0.deletingLastPathComponent() }
      .prefix { $0.path != "/" && !FileManager.default.fileExists(atPath: $0.path) }
    if !missing.isEmpty { try Self.makeFolder(root) }
    // Root's private cluster runs under another account, which must get through to its own folder.
    if geteuid() == 0 { for folder in missing { chmod(folder.path, 0o711) } }
    for folder in [run, root + "/logs"] { try Self.makeFolder(folder) }
  }

  /// A folder of ours that only we may enter; one that an earlier program made open to everybody is closed.
  static func makeFolder(_ path: String) throws {
    do {
      if FileManager.default.fileExists(atPath: path) {
        chmod(path, 0o700)  // One that is not ours stays as it is.
        return
      }
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw CommandFailure(.unavailable, "the folder \(path) cannot be made: \(error.localizedDescription)")
    }
  }
}

extension String {
  func trimmingSuffix(_ suffix: Character) -> String { String(reversed().drop { $0 == suffix }.reversed()) }
}
