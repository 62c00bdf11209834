import Foundation
public import Vocabulary

/// A flag that threads wait for and others raise; it falls again when a wait sees it.
///
/// Cheap to raise when nobody waits.
public final class Signal: @unchecked Sendable {  // `condition` guards `isRaised`.
  private let condition = NSCondition()
  private var isRaised = false

  public init() {}

  /// Wakes a waiter, or the next one to come.
  public func raise() {
    condition.lock()
    isRaised = true
    condition.signal()
    condition.unlock()
  }

  /// Waits until raised or until `deadline`; true when raised.
  public func wait(until deadline: Deadline) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    while !isRaised {
      if deadline.hasPassed { return false }
      _ = condition.wait(until: Date(timeIntervalSinceNow: deadline.remaining.seconds))
    }
    isRaised = false
    return true
  }
}
