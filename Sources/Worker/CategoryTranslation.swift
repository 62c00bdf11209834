import Ingest
import Pipelines
import Tensors

/// The columns of one category as another contract would have read them.
struct CategoryTranslation {
  /// Where the values are, and where they belong; as many columns behind them for hashes, where a side has those.
  private let source, target: Range<Int>
  private let givesHashes, takesHashes: Bool
  /// By row of the source; nil: the same.
  private let rows: [UInt32]?
  /// Rows of the source whose values the other side knows by their hash alone.
  private let listed: [UInt32: UInt64]
  /// As the other side reads it.
  private let other: FeatureSettings

  init(from own: FeatureSettings, at source: Int, to other: FeatureSettings, at target: Int) {
    self.source = source..<(source + own.valuesMax)
    self.target = target..<(target + other.valuesMax)
    givesHashes = own.ownRows > 0
    takesHashes = other.ownRows > 0
    rows = own == other ? nil : CategoryRows.origins(of: own, in: other)
    listed = takesHashes ? CategoryRows.listed(own, since: other) : [:]
    self.other = other
  }

  func run(_ own: FeatureBatch, into batch: FeatureBatch) {
    for row in 0..<own.count {
      let from = own.categories + row * own.categoryCount + source.lowerBound
      let to = batch.categories + row * batch.categoryCount + target.lowerBound
      for place in 0..<target.count {
        var (low, high) = (FeatureBatch.noCategory, UInt32(0))
        if place < source.count {
          (low, high) = translated(from[place], givesHashes ? from[source.count + place] : 0)
        }
        // What is not there has a row of its own where there is no list.
        if high == 0, low == FeatureBatch.noCategory, target.count == 1 { low = 0 }
        to[place] = low
        if takesHashes { to[target.count + place] = high }
      }
    }
  }

  private func translated(_ low: UInt32, _ high: UInt32) -> (low: UInt32, high: UInt32) {
    if high != 0 {
      guard !takesHashes else { return (low, high) }
      return (other.hashes ? other.hashedRow(of: UInt64(high) << 32 | UInt64(low)) : 0, 0)
    }
    guard low != FeatureBatch.noCategory, let rows else { return (low, 0) }
    if let hash = listed[low] { return (UInt32(truncatingIfNeeded: hash), UInt32(hash >> 32)) }
    let origin = rows[Int(low)]
    return (origin == CategoryRows.fresh ? 0 : origin, 0)
  }
}
