import CKernels

/// Counts of a layer's outputs, one entry a unit, that `Kernels.activate` adds to. One thread at a time.
package final class UnitStats {
  /// Units, without the padding that the kernels need.
  package let units: Int
  let columns: ck_unit_stats

  package let active, negative, saturated, nonFinite: AlignedBuffer<Int64>
  package let minimum, maximum: AlignedBuffer<Float>
  package let sum, square: AlignedBuffer<Double>

  package init(units: Int) {
    self.units = units
    let padded = paddedToLanes(units)
    active = AlignedBuffer(count: padded)
    negative = AlignedBuffer(count: padded)
    saturated = AlignedBuffer(count: padded)
    nonFinite = AlignedBuffer(count: padded)
    minimum = AlignedBuffer(count: padded)
    maximum = AlignedBuffer(count: padded)
    sum = AlignedBuffer(count: padded)
    square = AlignedBuffer(count: padded)
    columns = ck_unit_stats(
      active: active.pointer, negative: negative.pointer, saturated: saturated.pointer, non_finite: nonFinite.pointer,
      minimum: minimum.pointer, maximum: maximum.pointer, sum: sum.pointer, square: square.pointer)
    reset()
  }

  /// Becomes `other`, of as many units.
  package func copy(_ other: UnitStats) {
    precondition(units == other.units, "counts of \(other.units) units are none of \(units)")
    active.copy(other.active)
    negative.copy(other.negative)
    saturated.copy(other.saturated)
    nonFinite.copy(other.nonFinite)
    minimum.copy(other.minimum)
    maximum.copy(other.maximum)
    sum.copy(other.sum)
    square.copy(other.square)
  }

  package func reset() {
    for counts in [active, negative, saturated, nonFinite] { counts.clear() }
    sum.clear()
    square.clear()
    minimum.buffer.update(repeating: .infinity)
    maximum.buffer.update(repeating: -.infinity)
  }
}
