import Tensors

// What the running statistics take from a step, and when they begin anew.
//
// A value within 8 spreads of the centre enters the moments. One beyond 100 spreads is no value: the network sees it as an
// absent one. The spread is the larger of the sample's scale and the running deviation, so that what is only rare or has a
// heavy tail is left in peace; of a column that nearly always has one value, 1000 deviations are believed.
//
// Moments that a wild value got into before a range was known are replaced by the sample's, as soon as 16 values tell: they
// are then ten times as wide as the sample. Where the column lies elsewhere than it used to for 512 records in a row, beyond
// 4 scales, it begins anew; a value that goes to and fro, and changes that the moments follow by themselves, are no such case.
extension Normalizer {
  /// How far from the centre values are believed, and are values.
  struct Reach {
    var center = 0.0
    var believed = Double.infinity
    var value = Double.infinity
    /// How far from the centre a label is learned as it is.
    var target = Double.infinity
  }

  private static let believedSpreads = 8.0
  private static let valueSpreads = 100.0
  private static let mostlyConstantDeviations = 1000.0
  private static let inflated = 10.0
  private static let farScales = 4.0
  private static let astrayRecords = 512.0
  /// Sampled rows of a step that a column with a full sample looks at: it changes slowly.
  private static let rowsOnceFull = 4
  /// Every so many steps each column is looked at, in turn.
  private static let lookEvery: Int64 = 256

  func reach(_ column: Int, deviation: Double) -> Reach {
    let scale = ranges.scale[column]
    if scale > 0 {
      let spread = max(scale, deviation)
      return Reach(
        center: ranges.center[column], believed: Self.believedSpreads * spread, value: Self.valueSpreads * spread,
        target: Self.valueSpreads * spread)
    }
    guard deviation > 0, ranges.taken[column] >= UsualRanges.least else { return Reach() }
    let most = Self.mostlyConstantDeviations * deviation
    return Reach(center: running.mean[column], believed: most, value: .infinity, target: most)
  }

  /// Takes the moments and sample of a step's records, all ranks' together, into the running statistics.
  func learn(_ share: StepShare, step: Int64) {
    let (merged, sample) = (share.moments, share.sample)
    for column in 0..<running.columns {
      running.merge(
        column, count: merged.count[column], mean: merged.mean[column], squares: merged.squares[column])
      if isWatched[column], sample.count > 0 { watch(column, sample, step: step) }
    }
    refresh()
  }

  private func watch(_ column: Int, _ sample: RowSample, step: Int64) {
    let before = ranges.taken[column]
    let rows = before < UsualRanges.kept ? sample.count : min(sample.count, Self.rowsOnceFull)
    let balance = ranges.take(
      sample.values.pointer + column, count: rows, stride: sample.columns, column,
      far: Self.farScales * ranges.scale[column])
    let after = ranges.taken[column]
    guard after > before else { return }
    // Rows of the step that a sampled one stands for; in the moments each counts with its weight.
    let share = Double(sample.rowCount) / Double(rows)
    ranges.span[column] += sample.rowWeight / Double(rows) * Double(after - before)
    let wasAstray = ranges.astray[column]
    let isKnown = before >= UsualRanges.kept && ranges.scale[column] > 0 && spansEnough(column)
    ranges.astray[column] = isKnown ? max(0, wasAstray + balance * share) : 0
    if wasAstray < Self.astrayRecords / 4, ranges.astray[column] >= Self.astrayRecords / 4 {
      // A value that drifts has left the range as it was last looked at, and need not have left it as it is.
      examine(column)
      if !isElsewhere(column, sample) { ranges.astray[column] = 0 }
    }
    if ranges.astray[column] >= Self.astrayRecords {
      running.shrink(column, to: 1)
      ranges.begin(column)
    } else if after >= UsualRanges.least, isDue(before, after) || (step + Int64(column)) % Self.lookEvery == 0 {
      examine(column)
    }
  }

  /// At 16, 32, 48, 64, 128, 256 … values.
  private func isDue(_ before: Int64, _ after: Int64) -> Bool {
    before < UsualRanges.kept
      ? before / Int64(UsualRanges.least) != after / Int64(UsualRanges.least)
      : before.leadingZeroBitCount != after.leadingZeroBitCount
  }

  /// Whether the sample is of much the same records as the moments: not where an older program's state was taken up.
  private func spansEnough(_ column: Int) -> Bool { ranges.span[column] * 4 >= running.count[column] }

  private func examine(_ column: Int) {
    ranges.look(column)
    let scale = ranges.scale[column]
    guard scale > 0, spansEnough(column), running.deviation(column) > Self.inflated * scale else { return }
    let (count, mean, squares) = ranges.moments(column, within: Self.believedSpreads * scale)
    running.begin(column, count: count, mean: mean, squares: squares)
  }

  /// Whether most of the step's sampled values are far outside.
  private func isElsewhere(_ column: Int, _ sample: RowSample) -> Bool {
    let far = Self.farScales * ranges.scale[column]
    guard far > 0 else { return false }
    var balance = 0
    for row in 0..<sample.count where !sample.row(row)[column].isNaN {
      balance += abs(Double(sample.row(row)[column]) - ranges.center[column]) > far ? 1 : -1
    }
    return balance > 0
  }
}
