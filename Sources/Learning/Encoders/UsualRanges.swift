package import Tensors
import Vocabulary

/// Where the values of some columns usually lie: part of the model's state.
///
/// A mean and a deviation follow one wild value wherever it goes; the order statistics of a few dozen values do not. They
/// decide which values the running moments take, which are no values at all, and when the moments begin anew. The values
/// are a uniform sample of all that a column had: of a window, a feature that changes slowly would look nearly constant.
///
/// - Source: Huber & Ronchetti 2009, "Robust statistics", section 5.1, scales from order statistics; Vitter 1985, "Random
///   sampling with a reservoir", algorithm R.
package final class UsualRanges {
  /// Values kept of a column.
  static let kept = 64
  /// Below this many a column has no range.
  static let least = 16
  /// Of this share of the values the distance from the centre is measured: the others may be anywhere.
  private static let trusted = (numerator: 7, denominator: 8)
  /// The same quantile of a normal distribution's distances, in standard deviations.
  private static let normalQuantile = 1.534

  let columns: Int
  /// Shape [columns × kept].
  let values: AlignedBuffer<Float>
  /// Values that the sample stands for.
  let taken: AlignedBuffer<Int64>
  /// Records since the sample was begun, each by its weight.
  let span: AlignedBuffer<Double>
  /// As they were last looked at: the median, and the spread in standard deviations of a normal distribution; scale 0: not
  /// known, as of a column that nearly always has one value.
  package let center, scale: AlignedBuffer<Double>
  /// How many of the last records lay far away, less twice those that did not.
  let astray: AlignedBuffer<Double>

  private let sorted, distances: AlignedBuffer<Double>
  /// Where the values with some numbers go, as they were drawn last: most columns have as many values as others.
  private let drawnFor, drawn: AlignedBuffer<Int64>

  init(columns: Int) {
    self.columns = columns
    values = AlignedBuffer(count: columns * Self.kept)
    taken = AlignedBuffer(count: columns)
    span = AlignedBuffer(count: columns)
    center = AlignedBuffer(count: columns)
    scale = AlignedBuffer(count: columns)
    astray = AlignedBuffer(count: columns)
    sorted = AlignedBuffer(count: Self.kept)
    distances = AlignedBuffer(count: Self.kept)
    drawnFor = AlignedBuffer(count: 16)
    drawn = AlignedBuffer(count: 16)
    drawnFor.buffer.update(repeating: -1)
  }

  /// What a state holds, in this order.
  func forEachBuffer(_ body: (AlignedBuffer<Double>) throws -> Void) rethrows {
    for buffer in [span, center, scale, astray] { try body(buffer) }
  }

  func clear() {
    for column in 0..<columns { begin(column) }
  }

  /// Forgets a column.
  func begin(_ column: Int) {
    taken[column] = 0
    span[column] = 0
    center[column] = 0
    scale[column] = 0
    astray[column] = 0
  }

  /// Offers values to a column's sample; NaN: absent.
  ///
  /// - Parameters:
  ///   - values: `count` of them, each `stride` from the one before.
  ///   - far: A distance from the centre.
  /// - Returns: How many lay farther away, less twice those that did not.
  func take(_ values: UnsafePointer<Float>, count: Int, stride: Int, _ column: Int, far: Double) -> Double {
    let sample = self.values.pointer + column * Self.kept
    let center = self.center.pointer[column]
    var number = taken.pointer[column]
    var balance = 0.0
    for row in 0..<count {
      let value = values[row * stride]
      if value.isNaN { continue }
      let slot = slot(of: number)
      if slot < Self.kept { sample[slot] = value }
      number += 1
      balance += abs(Double(value) - center) > far ? 1 : -2
    }
    taken.pointer[column] = number
    return balance
  }

  /// Where the value with this number goes; beyond `kept`: nowhere.
  @inline(__always)
  private func slot(of number: Int64) -> Int {
    guard number >= Self.kept else { return Int(number) }
    let place = Int(truncatingIfNeeded: number) & 15
    if drawnFor.pointer[place] != number {
      var random = SplitMix64(seed: UInt64(bitPattern: number))
      drawnFor.pointer[place] = number
      drawn.pointer[place] = Int64(random.next().multipliedFullWidth(by: UInt64(bitPattern: number + 1)).high)
    }
    return Int(drawn.pointer[place])
  }

  /// Measures centre and scale anew.
  func look(_ column: Int) {
    let count = sort(column)
    guard count > 0 else { return }
    let middle = sorted[(count - 1) / 2]
    var (left, right, zeros) = ((count - 1) / 2, (count - 1) / 2 + 1, 0)
    for place in 0..<count {
      let below = left >= 0 ? middle - sorted[left] : .infinity
      let above = right < count ? sorted[right] - middle : .infinity
      if below <= above { left -= 1 } else { right += 1 }
      distances[place] = min(below, above)
      if distances[place] == 0 { zeros += 1 }
    }
    var distance = distances[max(0, count * Self.trusted.numerator / Self.trusted.denominator - 1)]
    // Of a value that is mostly the same, the others tell.
    let others = count - zeros
    if others >= 4 { distance = max(distance, distances[zeros + (others - 1) / 2]) }
    center[column] = middle
    scale[column] = distance / Self.normalQuantile
  }

  /// Count, mean and sum of squared deviations of the sampled values that are at most `width` from the centre.
  func moments(_ column: Int, within width: Double) -> (count: Double, mean: Double, squares: Double) {
    let kept = sort(column)
    var (count, sum, squares) = (0.0, 0.0, 0.0)
    for place in 0..<kept where abs(sorted[place] - center[column]) <= width {
      count += 1
      sum += sorted[place]
    }
    guard count > 0 else { return (0, 0, 0) }
    let mean = sum / count
    for place in 0..<kept where abs(sorted[place] - center[column]) <= width {
      squares += (sorted[place] - mean) * (sorted[place] - mean)
    }
    return (count, mean, squares)
  }

  /// By insertion: few values, and no memory.
  private func sort(_ column: Int) -> Int {
    let count = Int(min(taken[column], Int64(Self.kept)))
    let from = values.pointer + column * Self.kept
    for place in 0..<count {
      let value = Double(from[place])
      var slot = place
      while slot > 0 && sorted.pointer[slot - 1] > value {
        sorted.pointer[slot] = sorted.pointer[slot - 1]
        slot -= 1
      }
      sorted.pointer[slot] = value
    }
    return count
  }
}
