/// The latest moment a wait may last to. Every wait in the house carries one.
public struct Deadline: Sendable, Hashable, Comparable {
  public let instant: ContinuousClock.Instant

  public init(at instant: ContinuousClock.Instant) {
    self.instant = instant
  }

  /// A deadline `duration` from now.
  public static func after(_ duration: Duration) -> Deadline {
    Deadline(at: ContinuousClock.now.advanced(by: duration))
  }

  /// Whether the deadline lies behind us.
  public var hasPassed: Bool { ContinuousClock.now >= instant }

  /// The time left, never negative.
  public var remaining: Duration {
    let left = ContinuousClock.now.duration(to: instant)
    return left < .zero ? .zero : left
  }

  /// The time left for `poll(2)` and its kin: milliseconds, rounded up so that a wait never ends early; at most a day.
  public var remainingMilliseconds: Int32 {
    Int32(clamping: min(remaining.milliseconds(rounding: .up), 86_400_000))
  }

  /// The earlier of two deadlines.
  public func or(_ other: Deadline) -> Deadline { min(self, other) }

  public static func < (left: Deadline, right: Deadline) -> Bool { left.instant < right.instant }
}
