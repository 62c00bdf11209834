import Ingest
import Learning
package import Pipelines
package import Tensors

/// A batch as another contract would have read its records: the same values in the columns and rows that another version
/// has learned them in.
///
/// Step thread only.
package final class BatchTranslation {
  private struct Number {
    let source: Int
    let lowest, highest: Float
  }

  private let batch: FeatureBatch
  private let numbers: [Number]
  private let categories: [CategoryTranslation]
  private let sparse: [SparseTranslation]

  /// Why records read in one way say nothing of what the other would read; nil: they do.
  package static func obstacle(from own: Pipeline, to other: Pipeline) -> String? {
    let sparse = other.schema.sparseFeatures.map { "schema.features[\($0.name)]." }
    let known = other.schema.crossMembers
    let members = other.schema.features.flatMap(\.of).compactMap { known[$0] }
      .map { "schema.features[\(other.schema.features[$0.feature].name)]." }
    return DataContract(other).edits(to: DataContract(own)).first { edit in
      // What a map or a text was cut to is not in the batch any more.
      sparse.contains { edit.setting == $0 + "clip" || edit.setting == $0 + "keys_max" }
        // And what the members of a cross were, that neither.
        || members.contains { edit.setting == $0 + "clip" || edit.setting == $0 + "values" }
        || edit.effect == .changes
          && (edit.setting.hasPrefix("schema.") || ["model.task", "model.loss"].contains(edit.setting))
    }.map { "\($0.setting) was \($0.old ?? "not there"), and is \($0.new ?? "gone")" }
  }

  /// nil: both read records alike.
  package init?(from own: Pipeline, to other: Pipeline, capacity: Int) {
    // Labels are no part of a batch that is only answered: what classes were found makes no difference.
    var alike = other.schema
    alike.label = own.schema.label
    guard own.schema != alike else { return nil }
    batch = LearnerSpec(other).makeBatch(capacity: capacity)
    let (mine, theirs) = (own.schema, other.schema)
    numbers = theirs.numericFeatures.map { feature in
      let origin = feature.originInForce
      return Number(
        source: mine.numericFeatures.firstIndex { $0.name == feature.name } ?? 0,
        lowest: feature.clip.map { Float($0.lowerBound - origin) } ?? -.infinity,
        highest: feature.clip.map { Float($0.upperBound - origin) } ?? .infinity)
    }
    var categories: [CategoryTranslation] = []
    var column = 0
    for feature in theirs.categoryInputs {
      defer { column += feature.categoryColumns }
      var source = 0
      for own in mine.categoryInputs {
        if own.name == feature.name {
          categories.append(CategoryTranslation(from: own, at: source, to: feature, at: column))
        }
        source += own.categoryColumns
      }
    }
    self.categories = categories
    sparse = theirs.sparseFeatures.compactMap { feature in
      mine.sparseFeatures.firstIndex { $0.name == feature.name }.map {
        SparseTranslation(from: mine.sparseFeatures[$0], at: $0, to: feature)
      }
    }
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
    for category in categories { category.run(own, into: batch) }
    for (place, sparse) in sparse.enumerated() { sparse.run(own, into: batch.weighted[place]) }
    return batch
  }
}
