import Tensors

/// Running statistics of numbers and, for regression, labels: part of the model's state, the same on every rank.
///
/// A step is normalised with the statistics *before* it; its own moments are merged when the step is applied.
final class Normalizer {
  let numberCount: Int
  let learnsLabels: Bool
  /// Numbers in order, then the label column if labels are learned.
  let running: Moments
  /// Moments of this rank's share of the step in hand.
  let local: Moments
  /// Moments of all ranks' shares, merged in rank order.
  let merged: Moments

  private let standardized: [Bool]
  private let inputClip: Float
  private let mean, inverse, shift, sum, square, present: AlignedBuffer<Double>
  private let limit: AlignedBuffer<Float>
  /// What a regression's output is multiplied by and added to.
  private(set) var labelMean: Double = 0
  private(set) var labelDeviation: Double = 0
  private(set) var labelInverse: Double = 0

  init(_ spec: LearnerSpec) {
    numberCount = spec.numbers.count
    learnsLabels = spec.task == .regression
    standardized = spec.numbers.map(\.standardize)
    inputClip = spec.inputClip
    let columns = numberCount + (learnsLabels ? 1 : 0)
    running = Moments(columns: columns)
    local = Moments(columns: columns)
    merged = Moments(columns: columns)
    mean = AlignedBuffer(count: columns)
    inverse = AlignedBuffer(count: columns)
    shift = AlignedBuffer(count: columns)
    sum = AlignedBuffer(count: columns)
    square = AlignedBuffer(count: columns)
    present = AlignedBuffer(count: columns)
    limit = AlignedBuffer(count: columns)
    refresh()
  }

  /// Takes the running statistics into use; after each change of them.
  func refresh() {
    for column in 0..<numberCount {
      if standardized[column] {
        let deviation = running.deviation(column)
        mean[column] = running.mean[column]
        // Nothing known, or a constant so far: 0 says "as usual".
        inverse[column] = deviation > 0 ? 1 / deviation : 0
        limit[column] = inputClip
      } else {
        mean[column] = 0
        inverse[column] = 1
        limit[column] = .infinity
      }
    }
    guard learnsLabels else { return }
    labelMean = running.mean[numberCount]
    labelDeviation = running.deviation(numberCount)
    labelInverse = labelDeviation > 0 ? 1 / labelDeviation : 0
  }

  /// Writes standardised numbers to the first `numberCount` columns of `x`; absent ones become 0.
  func normalize(_ batch: FeatureBatch, into x: Rows) {
    TableKernels.standardize(
      rows: batch.count, columns: numberCount, numbers: batch.numbers, mean: mean.pointer, inverse: inverse.pointer,
      limit: limit.pointer, x: x)
  }

  /// Measures this rank's share; replaces `local`.
  func measure(_ batch: FeatureBatch) {
    local.clear()
    measure(batch.numbers, rows: batch.count, columns: numberCount, first: 0)
    if learnsLabels { measure(batch.labels, rows: batch.count, columns: 1, first: numberCount) }
  }

  private func measure(_ values: UnsafePointer<Float>, rows: Int, columns: Int, first: Int) {
    guard rows > 0 && columns > 0 else { return }
    // Deviations are taken from a value near the mean, so that nothing cancels.
    for column in 0..<columns {
      shift[column] = running.count[first + column] > 0 ? running.mean[first + column] : 0
      guard running.count[first + column] == 0 else { continue }
      for row in 0..<rows where !values[row * columns + column].isNaN {
        shift[column] = Double(values[row * columns + column])
        break
      }
    }
    TableKernels.moments(
      rows: rows, columns: columns, numbers: values, shift: shift.pointer, count: present.pointer, sum: sum.pointer,
      square: square.pointer)
    for column in 0..<columns where present[column] > 0 {
      let offset = sum[column] / present[column]
      local.count[first + column] = present[column]
      local.mean[first + column] = shift[column] + offset
      local.squares[first + column] = max(0, square[column] - sum[column] * offset)
    }
  }
}
