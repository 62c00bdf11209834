package import Foundation

/// How it went with a receiver so far.
package struct AlertHistory: Sendable, Hashable {
  /// When a message was last taken; nil: never.
  package var sentAt: Date?
  /// Attempts since then that failed.
  package var failures = 0
  /// When the last of them was.
  package var failedAt: Date?

  package init(sentAt: Date? = nil, failures: Int = 0, failedAt: Date? = nil) {
    self.sentAt = sentAt
    self.failures = failures
    self.failedAt = failedAt
  }

  private static let firstPause: TimeInterval = 5
  private static let longestPause: TimeInterval = 300

  /// Before then nothing is tried again: five seconds after a failure, then twice as long each time, five minutes at most.
  package var retryAt: Date? {
    guard failures > 0, let failedAt else { return nil }
    let pause = Self.firstPause * Double(1 << min(failures - 1, 20))
    return failedAt.addingTimeInterval(min(pause, Self.longestPause))
  }
}
