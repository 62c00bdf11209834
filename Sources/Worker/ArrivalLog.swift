import Vocabulary

/// When the end of a partition was where, as far as somebody looked: how long the record that comes next has waited.
///
/// It remembers some hundred moments, of those long ago one in about every twentieth of the time since: enough for weeks.
package struct ArrivalLog: Sendable {
  private struct Look: Sendable {
    let at: ContinuousClock.Instant
    let end: Int64
  }

  private var looks: [Look] = []
  private static let looksMax = 512
  private static let grain = 0.033

  package init() {}

  /// - Parameter end: The offset behind the last record.
  package mutating func note(end: Int64, now: ContinuousClock.Instant) {
    // A topic made anew begins again.
    if let last = looks.last, end < last.end { looks.removeAll() }
    guard looks.last?.end != end else { return }
    looks.append(Look(at: now, end: end))
    if looks.count > Self.looksMax { thin(now) }
  }

  private mutating func thin(_ now: ContinuousClock.Instant) {
    var kept: [Look] = []
    for (place, look) in looks.enumerated().reversed() {
      if let last = kept.last, place > 0, look.at.duration(to: last.at) < last.at.duration(to: now) * Self.grain {
        continue
      }
      kept.append(look)
    }
    looks = kept.reversed()
  }

  /// How long the record at `next` has been there, at least; at most it is a tenth and the time between two looks longer.
  ///
  /// - Parameter end: As it was last noted.
  /// - Returns: nil: it was there before anybody looked.
  package func waiting(next: Int64, now: ContinuousClock.Instant) -> Duration? {
    guard let last = looks.last, last.end > next else { return .zero }
    guard let first = looks.first, first.end <= next else { return nil }
    // The first look that saw it.
    var (low, high) = (0, looks.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if looks[middle].end > next { high = middle } else { low = middle + 1 }
    }
    return looks[low].at.duration(to: now)
  }
}
