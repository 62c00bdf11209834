import CKernels

/// Counts of a layer's outputs that `Kernels.activate` adds to. One thread at a time.
///
/// Whether a unit was active is known of each; all else is of the layer, and kept by lane, which spares the kernels to part
/// their sums: unit u is in lane u mod 16.
package final class UnitStats {
  /// Units, without the padding that the kernels need.
  package let units: Int
  let columns: ck_unit_stats

  /// By unit: rows in which it was not zero.
  package let active: UnsafeMutablePointer<Int64>
  private let negative, saturated, nonFinite: UnsafeMutablePointer<Int64>
  private let minimum, maximum: UnsafeMutablePointer<Float>
  private let sum, square: UnsafeMutablePointer<Double>
  /// All of them, one column behind the other.
  private let block: AlignedBuffer<Int64>
  private let padded: Int
  private static let lanes = Int(ck_lanes)

  package init(units: Int) {
    let lanes = Self.lanes
    self.units = units
    padded = paddedToLanes(units)
    block = AlignedBuffer(count: padded + 6 * lanes)
    active = block.pointer
    negative = active + padded
    saturated = negative + lanes
    nonFinite = saturated + lanes
    let sums = UnsafeMutableRawPointer(nonFinite + lanes).bindMemory(to: Double.self, capacity: 2 * lanes)
    (sum, square) = (sums, sums + lanes)
    let bounds = UnsafeMutableRawPointer(square + lanes).bindMemory(to: Float.self, capacity: 2 * lanes)
    (minimum, maximum) = (bounds, bounds + lanes)
    columns = ck_unit_stats(
      active: active, negative: negative, saturated: saturated, non_finite: nonFinite, minimum: minimum,
      maximum: maximum, sum: sum, square: square)
    reset()
  }

  package var total: Total {
    var total = Total()
    for unit in 0..<units { total.active += active[unit] }
    for lane in 0..<Self.lanes {
      total.negative += negative[lane]
      total.saturated += saturated[lane]
      total.nonFinite += nonFinite[lane]
      total.minimum = min(total.minimum, minimum[lane])
      total.maximum = max(total.maximum, maximum[lane])
      total.sum += sum[lane]
      total.square += square[lane]
    }
    return total
  }

  /// Of all units together.
  package struct Total: Hashable {
    package var (active, negative, saturated, nonFinite): (Int64, Int64, Int64, Int64) = (0, 0, 0, 0)
    /// Of the finite outputs; infinite where there are none.
    package var (minimum, maximum): (Float, Float) = (.infinity, -.infinity)
    package var (sum, square): (Double, Double) = (0, 0)
  }

  /// Counts what `other`, of as many units, has counted too.
  package func add(_ other: UnitStats) {
    precondition(units == other.units, "\(other.units) units are none of \(units)")
    // Column by column, padding and all, so that the compiler takes several at a time.
    let (counts, theirs) = (active, other.active)
    for place in 0..<(padded + 3 * Self.lanes) { counts[place] &+= theirs[place] }
    let (sums, their) = (sum, other.sum)
    for place in 0..<(2 * Self.lanes) { sums[place] += their[place] }
    let (low, lower) = (minimum, other.minimum)
    for lane in 0..<Self.lanes { low[lane] = lower[lane] < low[lane] ? lower[lane] : low[lane] }
    let (high, higher) = (maximum, other.maximum)
    for lane in 0..<Self.lanes { high[lane] = higher[lane] > high[lane] ? higher[lane] : high[lane] }
  }

  package func reset() {
    block.clear()
    minimum.update(repeating: .infinity, count: Self.lanes)
    maximum.update(repeating: -.infinity, count: Self.lanes)
  }
}
