import Foundation

extension ClusterLayout {
  /// Writes a file anew that is for its owner alone.
  static func write(_ text: String, to path: String) throws {
    unlink(path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw PostgresError(.cluster, "\(path) cannot be made: errno \(errno)") }
    defer { close(descriptor) }
    try FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).write(contentsOf: Data(text.utf8))
  }

  /// Keeps the password once more, as libpq reads it, unless it is there.
  func writePassfile(user: String) throws {
    guard access(passfile, R_OK) != 0, let secret = try? String(contentsOfFile: password, encoding: .utf8) else {
      return
    }
    try Self.write("*:*:*:\(user):\(secret.trimmingCharacters(in: .whitespacesAndNewlines))\n", to: passfile)
  }
}
