import Foundation

/// The file that the running program came from.
///
/// A run keeps the program that it began with: whoever installs a new one meanwhile replaces the file, and a role that was
/// started from that would be of another version than those that run, and wait for them. The system keeps the old file for as
/// long as somebody runs it, under a name of its own.
package struct OwnProgram: Sendable {
  /// Where it lay when it began.
  package let path: String
  /// Where the system has it, whatever became of the path.
  package let kept: String

  package init(path: String, kept: String) {
    self.path = path
    self.kept = kept
  }

  static let running = OwnProgram(
    path: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? Bundle.main.executablePath ?? CommandLine.arguments[0], kept: "/proc/self/exe")

  /// Whether another file, or none, lies by now where it lay.
  package var isReplaced: Bool {
    var (now, own) = (stat(), stat())
    guard stat(kept, &own) == 0 else { return false }
    return stat(path, &now) != 0 || now.st_ino != own.st_ino || now.st_dev != own.st_dev
  }

  /// What to start for another process of the same program.
  package var executable: String { isReplaced ? kept : path }
}
