/// Pairs of late: a stretch that goes on, and the one before it. What was good a million records ago says nothing of now.
public struct RecentPairs: Sendable, Hashable, Codable {
  private var before = PairedDifference()
  private var now = PairedDifference()

  public init() {}

  /// - Parameter length: Pairs of a stretch: between that many and twice as many are looked at.
  public mutating func add(candidate: Double, baseline: Double, weight: Double = 1, length: Int64) {
    now.add(candidate: candidate, baseline: baseline, weight: weight)
    guard now.count >= length else { return }
    (before, now) = (now, PairedDifference())
  }

  public var pairs: PairedDifference {
    var all = before
    all.merge(now)
    return all
  }
}
