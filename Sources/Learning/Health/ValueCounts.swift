import Health
import Tensors

/// Counts of values, by the kernels. Memory is kept from window to window.
final class ValueCounts {
  private let stats: UnitStats
  private let buckets = BucketCounts()
  private var count: Int64 = 0

  /// - Parameter units: Values of a row at most.
  init(units: Int) { stats = UnitStats(units: units) }

  /// Counts the first `units` of each row; of the rows from `firstSample` on each `every`-th, `samples` in all, goes into the buckets.
  func add(
    _ values: Rows, rows: Int, units: Int, firstSample: Int = 0, every: Int = 1, samples: Int, _ kernels: Kernels
  ) {
    kernels.activate(.identity, rows: rows, units: units, z: values, derivative: nil, stats: stats)
    if samples > 0 {
      kernels.countBuckets(rows: samples, every: every, units: units, values.dropFirst(firstSample), into: buckets)
    }
    count += Int64(rows * units)
  }

  /// Counts what `other`, of as many units, has counted too.
  func add(_ other: ValueCounts) {
    stats.add(other.stats)
    buckets.add(other.buckets)
    count += other.count
  }

  func reset() {
    guard count > 0 else { return }
    stats.reset()
    buckets.clear()
    count = 0
  }

  /// What was counted, with the first `units` units' activity; begins anew.
  func take(units: Int = 0) -> ActivationSketch {
    defer { count = 0 }
    return stats.take(buckets, count: count, units: units)
  }
}

extension UnitStats {
  /// What was counted, with the first `units` units' activity; begins anew.
  func take(_ buckets: BucketCounts, count: Int64, units: Int) -> ActivationSketch {
    let total = total
    var sketch = ActivationSketch()
    sketch.count = count
    sketch.zeros = count - total.active
    sketch.negatives = total.negative
    sketch.saturated = total.saturated
    sketch.nonFinite = total.nonFinite
    sketch.minimum = min(sketch.minimum, total.minimum)
    sketch.maximum = max(sketch.maximum, total.maximum)
    sketch.sum = total.sum
    sketch.sumOfSquares = total.square
    sketch.unitActivity = Array(UnsafeBufferPointer(start: active, count: units))
    sketch.addBuckets(buckets.all)
    buckets.clear()
    reset()
    return sketch
  }
}
