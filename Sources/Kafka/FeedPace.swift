import Vocabulary

/// How fast a feed may go. Both limits may be set; the tighter one counts.
public struct FeedLimits: Sendable, Hashable {
  /// Records a second; nil for no limit.
  public var ratePerSecond: Double?
  /// The most records between what `group` has committed and the end of the log; nil for no limit.
  public var lagRecordsMax: Int64?
  /// Whose lag.
  public var group: String?

  public init(ratePerSecond: Double? = nil, lagRecordsMax: Int64? = nil, group: String? = nil) {
    precondition(ratePerSecond.map { $0 > 0 } ?? true, "a rate is more than zero, not \(ratePerSecond ?? 0)")
    precondition(lagRecordsMax.map { $0 > 0 } ?? true, "a lag is more than zero, not \(lagRecordsMax ?? 0)")
    precondition(lagRecordsMax == nil || group != nil, "a lag is the lag of a group")
    self.ratePerSecond = ratePerSecond
    self.lagRecordsMax = lagRecordsMax
    self.group = group
  }
}

/// How many records may go out now: a pure function of what was sent, what was seen, and the time.
public struct FeedPace: Sendable {
  private let limits: FeedLimits
  private let start: ContinuousClock.Instant
  private var sent: Int64 = 0
  /// What a broker that forgets had room for when last looked, and how many had been sent then; nil: it forgets nothing.
  private var lastRoom: (records: Int64, sent: Int64)?
  /// Records ahead of the group when last looked, those under way included, and how many had been sent then.
  private var lastLag: (ahead: Int64, sent: Int64)?

  public init(limits: FeedLimits, start: ContinuousClock.Instant) {
    self.limits = limits
    self.start = start
  }

  public mutating func note(sent count: Int) { sent += Int64(count) }

  /// - Parameter lag: Between the group's commits and the end of the log.
  /// - Parameter underWay: Sent, but not in the log yet.
  public mutating func note(lag: Int64, underWay: Int64) { lastLag = (lag + underWay, sent) }

  /// - Parameter room: As `RetainedPartition.room` has it.
  public mutating func note(room: Int64, underWay: Int64) { lastRoom = (room - underWay, sent) }

  /// Records that may be sent at `now`, at most `wanted`.
  ///
  /// By rate: what is due by now; after a pause at most a second's worth at once. By lag: nothing before the first look.
  public func allowance(wanted: Int, now: ContinuousClock.Instant) -> Int {
    var allowed = Int64(wanted)
    if let rate = limits.ratePerSecond {
      let due = Int64(min((start.duration(to: now).seconds * rate).rounded(.down), 9e18)) + 1
      allowed = min(allowed, due - sent, Int64(max(rate, 1)))
    }
    if let most = limits.lagRecordsMax {
      guard let lastLag else { return 0 }
      allowed = min(allowed, most - lastLag.ahead - (sent - lastLag.sent))
      if let lastRoom { allowed = min(allowed, lastRoom.records - (sent - lastRoom.sent)) }
    }
    return Int(max(allowed, 0))
  }

  /// How long until the rate allows one more; nil when the rate is not what holds back.
  public func wait(now: ContinuousClock.Instant) -> Duration? {
    guard let rate = limits.ratePerSecond else { return nil }
    let left = Double(sent) / rate - start.duration(to: now).seconds
    return left > 0 ? .seconds(left) : nil
  }
}
