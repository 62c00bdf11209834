import Ingest
import Pipelines
import Tensors

/// The pairs of one map or text as another contract would have read them: the same keys, in a table of fewer rows.
///
/// A map is read alike by both, but for what it is clipped to. Where keys of a record share a row there, their weights are
/// added, and divided by the norm anew: whatever they were divided by before, the norm takes it out.
final class SparseTranslation {
  /// The place of the input in the batch.
  private let source: Int
  /// By row of the source; nil: the same.
  private let rows: [UInt32]?
  private let norm: FeatureSettings.Norm
  /// By row of the other table one more than the pair's place among those of the record; 0: it has none.
  private var places: [UInt32]

  init(from own: FeatureSettings, at source: Int, to other: FeatureSettings) {
    self.source = source
    norm = other.norm
    rows = own.buckets == other.buckets ? nil : CategoryRows.origins(of: own, in: other)
    places = rows == nil ? [] : [UInt32](repeating: 0, count: other.buckets)
  }

  func run(_ own: FeatureBatch, into target: WeightedRows) {
    let list = own.weighted[source]
    guard let rows else { return target.copy(of: list, records: own.count) }
    for record in 0..<own.count {
      target.open(record)
      let first = Int(target.starts[record])
      for pair in list.places(of: record) {
        let row = rows[Int(list.rows[pair])]
        if places[Int(row)] > 0 {
          target.weights[first + Int(places[Int(row)]) - 1] += list.weights[pair]
        } else {
          target.append(row: row, weight: list.weights[pair], to: record)
          places[Int(row)] = UInt32(Int(target.starts[record + 1]) - first)
        }
      }
      let found = target.places(of: record)
      for pair in found { places[Int(target.rows[pair])] = 0 }
      if found.count < list.places(of: record).count { divide(target, found) }
    }
  }

  private func divide(_ list: WeightedRows, _ pairs: Range<Int>) {
    let whole = pairs.reduce(0.0) { sum, pair in
      let weight = Double(list.weights[pair])
      return sum + (norm == .l2 ? weight * weight : weight.magnitude)
    }
    let divisor = norm == .none || whole == 0 ? 1 : norm == .l2 ? whole.squareRoot() : whole
    for pair in pairs { list.weights[pair] = Float(Double(list.weights[pair]) / divisor) }
  }
}
