import Foundation
import Vocabulary

/// Holds the cluster's lock file: of several processes that start or stop it, one at a time does.
final class ClusterLock {
  private let descriptor: Int32

  init(_ path: String, deadline: Deadline) throws {
    // Closed in children: a server that inherited it would hold the lock for ever.
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw PostgresError(.cluster, "\(path) cannot be opened: errno \(errno)") }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR, !deadline.hasPassed else {
        close(descriptor)
        throw PostgresError(.cluster, "another process holds \(path)")
      }
      pause(.milliseconds(20))
    }
  }

  func release() { flock(descriptor, LOCK_UN) }

  deinit { close(descriptor) }
}
