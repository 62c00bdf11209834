import Tensors

/// Running statistics of numbers and of the labels that are values: part of the model's state, the same on every rank.
///
/// A step is normalised with the statistics *before* it; its own moments are merged when the step is applied.
final class Normalizer {
  let numberCount: Int
  /// Numbers in order, then a column for each head whose label is standardised.
  let running: Moments
  /// Moments of this rank's share of the step in hand.
  let local: Moments
  /// Moments of all ranks' shares, merged in rank order.
  let merged: Moments

  private let standardized: [Bool]
  private let inputClip: Float
  private let mean, inverse, shift, sum, square, present: AlignedBuffer<Double>
  private let limit: AlignedBuffer<Float>
  /// By head: what an output is multiplied by and added to; zeros where the label is not standardised.
  private var labels: [Label]
  /// By head: its column; nil: not standardised.
  private let labelColumns: [Int?]
  private let labelCount, labelSum, labelSquare, labelShift: AlignedBuffer<Double>

  /// Running statistics of a label.
  struct Label {
    var mean = 0.0
    var deviation = 0.0
    /// 1 / deviation; 0 where none is known.
    var inverse = 0.0
  }

  func label(_ head: Int) -> Label { labels[head] }

  init(_ spec: LearnerSpec) {
    numberCount = spec.numbers.count
    standardized = spec.numbers.map(\.standardize)
    inputClip = spec.inputClip
    var columns = numberCount
    labelColumns = spec.heads.map { head in
      guard head.standardizesLabel else { return nil }
      defer { columns += 1 }
      return columns
    }
    labels = spec.heads.map { _ in Label() }
    labelCount = AlignedBuffer(count: spec.heads.count)
    labelSum = AlignedBuffer(count: spec.heads.count)
    labelSquare = AlignedBuffer(count: spec.heads.count)
    labelShift = AlignedBuffer(count: spec.heads.count)
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
    for (head, column) in labelColumns.enumerated() {
      guard let column else { continue }
      let deviation = running.deviation(column)
      labels[head] = Label(
        mean: running.mean[column], deviation: deviation, inverse: deviation > 0 ? 1 / deviation : 0)
    }
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
    let rows = batch.count
    guard rows > 0 else { return }
    if numberCount > 0 {
      for column in 0..<numberCount {
        shift[column] = nearMean(column, batch.numbers + column, rows: rows, stride: numberCount)
      }
      TableKernels.moments(
        rows: rows, columns: numberCount, numbers: batch.numbers, shift: shift.pointer, count: present.pointer,
        sum: sum.pointer, square: square.pointer)
      for column in 0..<numberCount {
        keep(column, count: present[column], sum: sum[column], square: square[column], shift: shift[column])
      }
    }
    measureLabels(batch)
  }

  private func measureLabels(_ batch: FeatureBatch) {
    guard labelColumns.contains(where: { $0 != nil }) else { return }
    let width = batch.labelCount
    precondition(width == labelColumns.count, "a batch with \(width) labels a row for \(labelColumns.count) heads")
    for (head, column) in labelColumns.enumerated() {
      labelShift[head] =
        column.map { nearMean($0, batch.labels + head, rows: batch.count, stride: width) } ?? 0
    }
    TableKernels.moments(
      rows: batch.count, columns: width, numbers: batch.labels, shift: labelShift.pointer, count: labelCount.pointer,
      sum: labelSum.pointer, square: labelSquare.pointer)
    for (head, column) in labelColumns.enumerated() {
      guard let column else { continue }
      keep(
        column, count: labelCount[head], sum: labelSum[head], square: labelSquare[head], shift: labelShift[head])
    }
  }

  /// Deviations are taken from a value near the mean, so that nothing cancels: the running mean, or the first value.
  private func nearMean(_ column: Int, _ values: UnsafePointer<Float>, rows: Int, stride: Int) -> Double {
    if running.count[column] > 0 { return running.mean[column] }
    for row in 0..<rows where !values[row * stride].isNaN { return Double(values[row * stride]) }
    return 0
  }

  private func keep(_ column: Int, count: Double, sum: Double, square: Double, shift: Double) {
    guard count > 0 else { return }
    let offset = sum / count
    local.count[column] = count
    local.mean[column] = shift + offset
    local.squares[column] = max(0, square - sum * offset)
  }
}
