import Ingest
import Learning
import Pipelines
import Tensors

/// A batch as another contract would have read its records: the same values in the columns and rows that another version
/// has learned them in.
///
/// Step thread only.
package final class BatchTranslation {
  private struct Number {
    let source: Int
    let lowest, highest: Float
  }

  private struct Category {
    let source, target: Range<Int>
    /// By row of the source; nil: the same.
    let rows: [UInt32]?
  }

  private let batch: FeatureBatch
  private let numbers: [Number]
  private let categories: [Category]

  /// Why records read in one way say nothing of what the other would read; nil: they do.
  package static func obstacle(from own: Pipeline, to other: Pipeline) -> String? {
    DataContract(other).edits(to: DataContract(own)).first { edit in
      edit.effect == .changes
        && (edit.setting.hasPrefix("schema.") || ["model.task", "model.loss"].contains(edit.setting))
    }.map { "\($0.setting) was \($0.old ?? "not there"), and is \($0.new ?? "gone")" }
  }

  /// nil: both read records alike.
  package init?(from own: Pipeline, to other: Pipeline, capacity: Int) {
    guard own.schema != other.schema else { return nil }
    batch = LearnerSpec(other).makeBatch(capacity: capacity)
    let (mine, theirs) = (own.schema, other.schema)
    numbers = theirs.numericFeatures.map { feature in
      let origin = feature.originInForce
      return Number(
        source: mine.numericFeatures.firstIndex { $0.name == feature.name } ?? 0,
        lowest: feature.clip.map { Float($0.lowerBound - origin) } ?? -.infinity,
        highest: feature.clip.map { Float($0.upperBound - origin) } ?? .infinity)
    }
    var categories: [Category] = []
    var column = 0
    for feature in theirs.categoryInputs {
      defer { column += feature.valuesMax }
      var source = 0
      for own in mine.categoryInputs {
        if own.name == feature.name {
          categories.append(
            Category(
              source: source..<(source + own.valuesMax), target: column..<(column + feature.valuesMax),
              rows: own == feature ? nil : CategoryRows.origins(of: own, in: feature)))
        }
        source += own.valuesMax
      }
    }
    self.categories = categories
  }

  /// The batch's records, valid until the next call.
  package func run(_ own: FeatureBatch) -> FeatureBatch {
    batch.count = own.count
    for row in 0..<own.count {
      let from = own.numbers + row * own.numberCount
      let to = batch.numbers + row * batch.numberCount
      for (column, number) in numbers.enumerated() {
        let value = from[number.source]
        to[column] = value < number.lowest ? number.lowest : value > number.highest ? number.highest : value
      }
    }
    for category in categories { translate(category, own) }
    return batch
  }

  private func translate(_ category: Category, _ own: FeatureBatch) {
    let isList = category.target.count > 1
    for row in 0..<own.count {
      let from = own.categories + row * own.categoryCount
      let to = batch.categories + row * batch.categoryCount
      for place in 0..<category.target.count {
        var value = place < category.source.count ? from[category.source.lowerBound + place] : FeatureBatch.noCategory
        if value != FeatureBatch.noCategory, let rows = category.rows {
          let origin = rows[Int(value)]
          value = origin == CategoryRows.fresh ? 0 : origin
        }
        // What is not there has a row of its own where there is no list.
        to[category.target.lowerBound + place] = value == FeatureBatch.noCategory && !isList ? 0 : value
      }
    }
  }
}
