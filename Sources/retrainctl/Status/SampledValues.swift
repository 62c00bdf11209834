import Health
import Vocabulary

/// A feature, a label or the predictions, as a window's sample has them, beside the version that serves.
struct SampledValues: Encodable {
  var name: String
  var role: String
  /// Records of the sample.
  var records: Int
  var absentShare: Double
  /// Different values in the sample.
  var distinct: Int
  /// The share of the most frequent value.
  var topShare: Double
  /// Of numbers, the 5 %, 50 % and 95 % quantiles.
  var low: Float?
  var median: Float?
  var high: Float?
  /// Population stability index against the version that serves; nil: none does, or it has too few windows.
  var stabilityIndex: Double?
  /// How far windows without a change come; nil beside an index: they are so unlike each other that it says nothing.
  var bound: Double?
  var jensenShannon: Double?
  /// By how much numbers moved on average, in spreads of the baseline.
  var moved: Double?
  var hasChanged: Bool?
  /// `partition@offset` of the first records of the change, one a partition.
  var since: [String]

  init(_ summary: ColumnSummary, _ drift: DriftWindow?) {
    (name, role, records) = (summary.column.name, summary.column.role.rawValue, summary.rows)
    (absentShare, distinct, topShare) = (summary.absentShare, summary.distinct, summary.topShare)
    (low, median, high) = (summary.low?.ifFinite, summary.median?.ifFinite, summary.high?.ifFinite)
    let column = drift?.columns.first { $0.column == summary.column }
    stabilityIndex = column?.stabilityIndex
    bound = column.flatMap { $0.bound.isFinite ? $0.bound : nil }
    jensenShannon = column?.jensenShannon
    moved = column?.wasserstein.flatMap { $0.isFinite ? $0 : nil }
    hasChanged = column.map { $0.change != .none }
    since = column?.since.map { "\($0.partition)@\($0.offset)" } ?? []
  }
}

extension Float {
  fileprivate var ifFinite: Float? { isFinite ? self : nil }
}

extension TextTable {
  /// What features, label and predictions look like.
  init(values: [SampledValues], palette: Palette) {
    self.init(
      "values of", ">absent", ">distinct", ">most frequent", ">5 %", ">median", ">95 %", ">index", ">itself", "since")
    for value in values {
      let index = Wording.compact(value.stabilityIndex)
      add(
        value.role == "feature" ? value.name : value.role, Wording.percent(value.absentShare),
        Wording.count(Int64(value.distinct)), Wording.percent(value.topShare),
        Wording.compact(value.low.map(Double.init)),
        Wording.compact(value.median.map(Double.init)), Wording.compact(value.high.map(Double.init)),
        value.hasChanged == true ? palette.bad(index) : index, Wording.compact(value.bound),
        value.since.first.map { $0 + (value.since.count > 1 ? " +\(value.since.count - 1)" : "") } ?? "–")
    }
  }
}
