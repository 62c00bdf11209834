import CKernels

/// Counts of a layer's outputs, one entry a unit, that `Kernels.activate` adds to. One thread at a time.
package final class UnitStats {
  /// Units, without the padding that the kernels need.
  package let units: Int
  let columns: ck_unit_stats

  package let active, negative, saturated, nonFinite: UnsafeMutablePointer<Int64>
  package let minimum, maximum: UnsafeMutablePointer<Float>
  package let sum, square: UnsafeMutablePointer<Double>
  /// All of them, one column behind the other.
  private let block: AlignedBuffer<Int64>
  private let padded: Int

  package init(units: Int) {
    self.units = units
    padded = paddedToLanes(units)
    block = AlignedBuffer(count: 7 * padded)
    active = block.pointer
    negative = active + padded
    saturated = negative + padded
    nonFinite = saturated + padded
    let sums = UnsafeMutableRawPointer(nonFinite + padded).bindMemory(to: Double.self, capacity: 2 * padded)
    (sum, square) = (sums, sums + padded)
    let bounds = UnsafeMutableRawPointer(square + padded).bindMemory(to: Float.self, capacity: 2 * padded)
    (minimum, maximum) = (bounds, bounds + padded)
    columns = ck_unit_stats(
      active: active, negative: negative, saturated: saturated, non_finite: nonFinite, minimum: minimum,
      maximum: maximum, sum: sum, square: square)
    reset()
  }

  /// Counts what `other`, of as many units, has counted too.
  package func add(_ other: UnitStats) {
    precondition(units == other.units, "\(other.units) units are none of \(units)")
    // Column by column, padding and all, so that the compiler takes several at a time.
    let (counts, theirs) = (active, other.active)
    for place in 0..<(4 * padded) { counts[place] &+= theirs[place] }
    let (sums, their) = (sum, other.sum)
    for place in 0..<(2 * padded) { sums[place] += their[place] }
    let (low, lower) = (minimum, other.minimum)
    for unit in 0..<padded { low[unit] = lower[unit] < low[unit] ? lower[unit] : low[unit] }
    let (high, higher) = (maximum, other.maximum)
    for unit in 0..<padded { high[unit] = higher[unit] > high[unit] ? higher[unit] : high[unit] }
  }

  package func reset() {
    block.clear()
    minimum.update(repeating: .infinity, count: padded)
    maximum.update(repeating: -.infinity, count: padded)
  }
}
