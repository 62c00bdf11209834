import Tensors

/// Running statistics of numbers and of the labels that are values: part of the model's state, the same on every rank.
///
/// A step is normalised with the statistics *before* it; its own moments are merged when the step is applied. Values far
/// outside the usual range do not enter them (`Normalizer+Learning`).
package final class Normalizer {
  let numberCount: Int
  /// Numbers in order, then a column for each head whose label is standardised.
  package let running: Moments
  package let ranges: UsualRanges
  /// What lay so far outside in the batch measured last that it counts as absent; of labels, that it is learned as the
  /// bound.
  private(set) var wild: [WildValues] = []

  /// By column: whether it is standardised.
  let isWatched: [Bool]
  private let inputClip: Float
  /// By column: how numbers are standardised, and beyond what a value is none.
  private let scales: ColumnScales
  /// Of the numbers, and by head of the labels.
  private let numberSums, labelSums: ColumnSums
  /// By column: values of the batch in hand that were not believed.
  private let outside: AlignedBuffer<Double>
  /// By head: what an output is multiplied by and added to; zeros where the label is not standardised.
  private var labels: [Label]
  /// By head: its column; nil: not standardised.
  private let labelColumns: [Int?]

  /// Running statistics of a label.
  struct Label {
    var mean = 0.0
    var deviation = 0.0
    /// 1 / deviation; 0 where none is known.
    var inverse = 0.0
    /// Standardised targets beyond these are learned as these.
    var least = -Double.infinity
    var most = Double.infinity

    /// NaN stays NaN.
    func target(_ label: Float) -> Float {
      let target = (Double(label) - mean) * inverse
      return Float(target > most ? most : target < least ? least : target)
    }
  }

  func label(_ head: Int) -> Label { labels[head] }

  init(_ spec: LearnerSpec) {
    numberCount = spec.numbers.count
    inputClip = spec.inputClip
    var columns = numberCount
    labelColumns = spec.heads.map { head in
      guard head.standardizesLabel else { return nil }
      defer { columns += 1 }
      return columns
    }
    isWatched = spec.numbers.map(\.standardize) + Array(repeating: true, count: columns - numberCount)
    labels = spec.heads.map { _ in Label() }
    running = Moments(columns: columns)
    ranges = UsualRanges(columns: columns)
    scales = ColumnScales(columns: columns)
    numberSums = ColumnSums(columns: numberCount)
    labelSums = ColumnSums(columns: spec.heads.count)
    outside = AlignedBuffer(count: columns)
    wild.reserveCapacity(columns)
    refresh()
  }

  /// Takes the running statistics into use; after each change of them.
  package func refresh() {
    for column in 0..<running.columns {
      let deviation = isWatched[column] ? running.deviation(column) : 0
      let reach = isWatched[column] ? reach(column, deviation: deviation) : Reach()
      scales.least[column] = bound(column, reach.center - reach.value)
      scales.most[column] = bound(column, reach.center + reach.value)
      guard column < numberCount else { continue }
      numberSums.least[column] = bound(column, reach.center - reach.believed)
      numberSums.most[column] = bound(column, reach.center + reach.believed)
      if isWatched[column] {
        scales.mean[column] = running.mean[column]
        // Nothing known, or a constant so far: 0 says "as usual".
        scales.inverse[column] = deviation > 0 ? 1 / deviation : 0
        scales.limit[column] = inputClip
      } else {
        scales.mean[column] = 0
        scales.inverse[column] = 1
        scales.limit[column] = .infinity
      }
    }
    for (head, column) in labelColumns.enumerated() {
      guard let column else { continue }
      let deviation = running.deviation(column)
      var label = Label(
        mean: running.mean[column], deviation: deviation, inverse: deviation > 0 ? 1 / deviation : 0)
      let reach = reach(column, deviation: deviation)
      labelSums.least[head] = bound(column, reach.center - reach.believed)
      labelSums.most[head] = bound(column, reach.center + reach.believed)
      if deviation > 0 {
        label.least = (reach.center - reach.target - label.mean) * label.inverse
        label.most = (reach.center + reach.target - label.mean) * label.inverse
      }
      labels[head] = label
    }
  }

  /// An infinity is no value of what is standardised, whatever is known of it.
  private func bound(_ column: Int, _ bound: Double) -> Float {
    let most = isWatched[column] ? Float.greatestFiniteMagnitude : .infinity
    return max(-most, min(most, Float(bound)))
  }

  /// Writes standardised numbers to the first `numberCount` columns of `x`; what is absent or none becomes 0.
  func normalize(_ batch: FeatureBatch, into x: Rows) {
    scales.standardize(rows: batch.count, batch.numbers, columns: numberCount, into: x)
  }

  /// Whether the value of a number is absent, or so far outside that it counts as such.
  @inline(__always)
  func isAbsent(_ value: Float, _ number: Int) -> Bool {
    !(value >= scales.least.pointer[number] && value <= scales.most.pointer[number])
  }

  /// What stands for a value of which it is asked whether it alone is to blame: a standardised one is never far away, any other
  /// may be.
  func usual(near value: Float, _ number: Int) -> Float { isWatched[number] ? value : UsualValue.near(value) }

  /// Measures rows of a batch, which come stretch by stretch: adds their moments and sample to a share, and with the last
  /// ones replaces `wild`.
  func measure(_ batch: FeatureBatch, rows: Range<Int>, into share: StepShare) {
    if rows.lowerBound == 0 {
      wild.removeAll(keepingCapacity: true)
      outside.clear()
    }
    guard !rows.isEmpty, running.columns > 0 else { return }
    if numberCount > 0 {
      let numbers = batch.numbers + rows.lowerBound * numberCount
      for column in 0..<numberCount {
        numberSums.shift[column] = nearMean(column, numbers + column, rows: rows.count, stride: numberCount)
      }
      numberSums.add(rows: rows.count, numbers, weights: batch.weights.map { $0 + rows.lowerBound })
      for column in 0..<numberCount { keep(column, of: share.moments, numberSums, column) }
    }
    measureLabels(batch, rows, share.moments)
    pick(batch, rows, share.sample)
    if rows.upperBound == batch.count { noteWild(batch) }
  }

  private func measureLabels(_ batch: FeatureBatch, _ rows: Range<Int>, _ moments: Moments) {
    guard running.columns > numberCount else { return }
    let width = batch.labelCount
    precondition(width == labelColumns.count, "a batch with \(width) labels a row for \(labelColumns.count) heads")
    let labels = batch.labels + rows.lowerBound * width
    for (head, column) in labelColumns.enumerated() {
      labelSums.shift[head] = column.map { nearMean($0, labels + head, rows: rows.count, stride: width) } ?? 0
    }
    labelSums.add(rows: rows.count, labels, weights: batch.weights.map { $0 + rows.lowerBound })
    for (head, column) in labelColumns.enumerated() {
      if let column { keep(column, of: moments, labelSums, head) }
    }
  }

  /// Looks for what is wild in the columns of which some values were not believed.
  private func noteWild(_ batch: FeatureBatch) {
    for column in 0..<numberCount where outside[column] > 0 {
      noteWild(.number(column), column, batch.numbers + column, rows: batch.count, stride: numberCount)
    }
    for (head, column) in labelColumns.enumerated() {
      guard let column, outside[column] > 0 else { continue }
      noteWild(.label(head), column, batch.labels + head, rows: batch.count, stride: batch.labelCount)
    }
  }

  /// Deviations are taken from a value near the mean, so that nothing cancels: the running mean, or the first value.
  private func nearMean(_ column: Int, _ values: UnsafePointer<Float>, rows: Int, stride: Int) -> Double {
    if running.count[column] > 0 { return running.mean[column] }
    for row in 0..<rows where values[row * stride].isFinite { return Double(values[row * stride]) }
    return 0
  }

  /// - Parameter place: The column among the sums.
  private func keep(_ column: Int, of moments: Moments, _ sums: ColumnSums, _ place: Int) {
    let (count, sum) = (sums.count[place], sums.sum[place])
    outside[column] += sums.outside[place]
    guard count > 0 else { return }
    let offset = sum / count
    moments.count[column] = count
    moments.mean[column] = sums.shift[place] + offset
    moments.squares[column] = max(0, sums.square[place] - sum * offset)
  }

  private func noteWild(
    _ place: WildValues.Place, _ column: Int, _ values: UnsafePointer<Float>, rows: Int, stride: Int
  ) {
    var found = WildValues(place: place, count: 0, row: 0, value: 0)
    var distance = 0.0
    for row in 0..<rows {
      let value = values[row * stride]
      guard value < scales.least[column] || value > scales.most[column] else { continue }
      found.count += 1
      if abs(Double(value) - ranges.center[column]) > distance {
        distance = abs(Double(value) - ranges.center[column])
        (found.row, found.value) = (row, value)
      }
    }
    if found.count > 0 { wild.append(found) }
  }

  private func pick(_ batch: FeatureBatch, _ rows: Range<Int>, _ sample: RowSample) {
    if let weights = batch.weights {
      for row in rows where weights[row] > 0 {
        sample.open(rows: 1, weight: Double(weights[row]))
        sample.offer(key: batch.keys[row], place: row)
      }
    } else {
      sample.open(rows: rows.count, weight: Double(rows.count))
      for row in rows { sample.offer(key: batch.keys[row], place: row) }
    }
    for place in 0..<sample.count {
      let (row, to) = (sample.place(place), sample.row(place))
      to.update(from: batch.numbers + row * numberCount, count: numberCount)
      for (head, column) in labelColumns.enumerated() {
        if let column { to[column] = batch.labels[row * batch.labelCount + head] }
      }
    }
  }
}
