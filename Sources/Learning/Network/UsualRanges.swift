import Tensors
import Vocabulary

/// Where the values of some columns usually lie: part of the model's state.
///
/// A mean and a deviation follow one wild value wherever it goes; the order statistics of a few dozen values do not. They
/// decide which values the running moments take, which are no values at all, and when the moments begin anew. The values
/// are a uniform sample of all that a column had: of a window, a feature that changes slowly would look nearly constant.
///
/// - Source: Huber & Ronchetti 2009, "Robust statistics", section 5.1, scales from order statistics; Vitter 1985, "Random
///   sampling with a reservoir", algorithm R.
final class UsualRanges {
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
  /// Records since the sample was begun.
  let span: AlignedBuffer<Double>
  /// As they were last looked at: the median, and the spread in standard deviations of a normal distribution; scale 0: not
  /// known, as of a column that nearly always has one value.
  let center, scale: AlignedBuffer<Double>
  /// How many of the last records lay far away, less twice those that did not.
  let astray: AlignedBuffer<Double>

  private let sorted, distances: AlignedBuffer<Double>
  private var lastTaken: Int64 = -1
  private var lastSlot = 0

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

  /// Offers a value to a column's sample.
  @inline(__always)
  func take(_ value: Float, _ column: Int) {
    let count = taken.pointer[column]
    taken.pointer[column] = count + 1
    // Most columns have as many values as the one before.
    if count != lastTaken {
      lastTaken = count
      var random = SplitMix64(seed: UInt64(bitPattern: count))
      lastSlot =
        count < Self.kept
        ? Int(count) : Int(random.next().multipliedFullWidth(by: UInt64(bitPattern: count + 1)).high)
    }
    if lastSlot < Self.kept { values.pointer[column * Self.kept + lastSlot] = value }
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
