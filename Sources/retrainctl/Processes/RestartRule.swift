import Foundation
import Vocabulary

/// When a role's process that has ended is started again. A rule: the time comes from outside.
///
/// Budgets are rates, by cause. A process that was killed from outside, or that waits for something which is not there, is
/// started again for ever, ever less often; one that crashes is too, and is *exhausted* once it has crashed so often soon
/// after its start that it is no help. Whoever ran well for a while begins anew.
package struct RestartRule: Sendable {
  package enum Cause: Sendable, Hashable {
    /// By a signal: the kernel for want of memory, or a person.
    case killed
    /// Something needed is not there: exit code 69.
    case unavailable
    case crashed
    /// It ended without an error, and was not asked to by us.
    case ended
    /// A wrong command line or pipeline stays wrong: exit codes 64 and 65.
    case refused
  }

  package struct Verdict: Sendable, Hashable {
    package let cause: Cause
    /// Nil: never.
    package let restartIn: Duration?
    /// Whether it has crashed so often that nobody should count on it.
    package let isExhausted: Bool
  }

  /// A process that lived this long had nothing to do with the end of the one before.
  static let provenAfter = Duration.seconds(10)
  /// So many crashes in so long a time.
  package static let crashesMax = 8
  static let window = Duration.seconds(600)

  /// Ends soon after the start, in a row.
  private var quickEnds = 0
  private var crashes: [ContinuousClock.Instant] = []

  package init() {}

  package static func cause(ofExit code: Int32) -> Cause {
    switch code {
    case 0: .ended
    case ExitCode.usage.rawValue, ExitCode.badPipeline.rawValue: .refused
    case ExitCode.unavailable.rawValue: .unavailable
    case 128 + SIGKILL, 128 + SIGTERM, 128 + SIGINT, 128 + SIGHUP: .killed
    default: .crashed
    }
  }

  /// - Parameter lived: From its start to its end.
  package mutating func ended(_ cause: Cause, lived: Duration, now: ContinuousClock.Instant) -> Verdict {
    if lived >= Self.provenAfter {
      quickEnds = 0
      crashes.removeAll()
    }
    crashes.removeAll { $0.duration(to: now) > Self.window }
    let doublings = min(quickEnds, 10)
    quickEnds += 1
    func delay(_ first: Int, _ longest: Int) -> Duration { .milliseconds(min(longest, first << doublings)) }
    switch cause {
    case .refused: return Verdict(cause: cause, restartIn: nil, isExhausted: true)
    case .killed: return Verdict(cause: cause, restartIn: delay(100, 2000), isExhausted: false)
    case .ended: return Verdict(cause: cause, restartIn: delay(500, 5000), isExhausted: false)
    case .unavailable: return Verdict(cause: cause, restartIn: delay(500, 10_000), isExhausted: false)
    case .crashed:
      crashes.append(now)
      return Verdict(cause: cause, restartIn: delay(250, 30_000), isExhausted: crashes.count > Self.crashesMax)
    }
  }
}
