/// Where a plateau schedule stands: a smoothed loss, the best so far, and how long ago that was.
///
/// It sees the sums that all ranks agreed on, so it stands at the same bits everywhere; it is part of the saved state.
/// After a reduction the loss of that moment is the one to improve on: a stream that has become harder for good does not
/// drive the rate to its floor at once.
struct Plateau: Sendable, Hashable {
  /// An improvement is at least this share of the best loss.
  static let improvement = 1e-3

  var lossSum = 0.0
  var count = 0.0
  var best = Double.infinity
  /// Steps seen; the best is not looked for before the mean has filled.
  var seen = 0.0
  /// Steps since the best loss, or since the last reduction.
  var waited = 0.0
  var share = 1.0

  mutating func observe(lossSum: Double, weight: Double, schedule: RateSchedule) {
    guard schedule.kind == .plateau, weight > 0, lossSum.isFinite else { return }
    let smoothing = Double(max(schedule.smoothing, 1))
    let keep = 1 - 1 / smoothing
    self.lossSum = self.lossSum * keep + lossSum
    count = count * keep + weight
    seen += 1
    guard seen >= smoothing else { return }
    let loss = self.lossSum / count
    if loss < best - Self.improvement * best.magnitude || best == .infinity {
      best = loss
      waited = 0
      return
    }
    waited += 1
    if waited >= Double(schedule.patience) {
      share = max(schedule.floor, share * schedule.factor)
      best = loss
      waited = 0
    }
  }

  /// What is saved, in order.
  var numbers: [Double] {
    get { [lossSum, count, best, seen, waited, share] }
    set {
      (lossSum, count, best, seen, waited, share) = (
        newValue[0], newValue[1], newValue[2], newValue[3], newValue[4], newValue[5]
      )
    }
  }
}
