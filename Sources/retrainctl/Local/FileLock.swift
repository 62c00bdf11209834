import Foundation
import Vocabulary

/// An advisory lock on a file. The kernel lets go of it when its process ends, however that happens.
final class FileLock: Sendable {
  enum Mode: Sendable { case shared, exclusive }

  let path: String
  private let descriptor: Int32

  /// Opens the file, making it; takes no lock yet.
  init(_ path: String) throws {
    self.path = path
    // Closed in children: one that inherited it would hold the lock for us.
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw CommandFailure(.unavailable, "\(path) cannot be opened: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  /// Takes the lock, or changes its mode, if nobody is in the way now.
  func tryLock(_ mode: Mode) -> Bool {
    flock(descriptor, (mode == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0
  }

  func lock(_ mode: Mode, deadline: Deadline) throws {
    while !tryLock(mode) {
      guard !deadline.hasPassed else {
        throw CommandFailure(.unavailable, "another process has held \(path) for too long")
      }
      usleep(20_000)
    }
  }

  func unlock() { _ = flock(descriptor, LOCK_UN) }
}
