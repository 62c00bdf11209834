import Ingest
import Pipelines
import Tensors

/// What a version's answer owes to each feature: how it changes when the feature is absent. Of the first head; of several
/// classes, of the most probable one.
///
/// - Source: Lei et al. 2018, "Distribution-free predictive inference for regression", 6: leave one covariate out; here of one
///   record, without learning again.
struct Explanation {
  /// Features that are looked at, the first ones of the schema: each is a prediction more.
  static let featuresMax = 256

  struct Contribution {
    let feature: String
    /// The answer less what it is without the feature; nil: the feature may not be absent, or the answer is no number then.
    let change: Float?
  }

  /// The output or the class that is looked at.
  let subject: String
  /// Those of the largest changes first.
  let contributions: [Contribution]
  /// How many features the model reads.
  let featureCount: Int

  /// - Parameter desk: Holds one record, and the answer to it.
  init(of desk: BulkDesk, by version: LoadedVersion) throws {
    let output = version.description.outputs[0]
    let answer = desk.outputs(ofHead: 0)
    let most = answer.indices.max { answer[$0] < answer[$1] } ?? 0
    let features = desk.intake.features
    var found: [Contribution] = []
    for first in stride(from: 0, to: min(features.count, Self.featuresMax), by: version.capacity) {
      let part = features[first..<min(first + version.capacity, features.count, Self.featuresMax)]
      try version.withEngine { engine in
        let intake = engine.intake
        var mayBeAbsent: [Bool] = []
        for (row, feature) in part.enumerated() {
          intake.batch.copyRow(0, of: desk.intake.batch, to: row)
          mayBeAbsent.append(intake.forget(feature.column, row: row))
        }
        intake.batch.count = part.count
        intake.decoder.cross(rows: part.count, of: intake.batch)
        engine.scorer.predict(intake.batch)
        let outputs = engine.scorer.outputs(ofHead: 0)
        for (row, feature) in part.enumerated() {
          let change = answer[most] - outputs[row * output.width + most]
          found.append(
            Contribution(
              feature: feature.name,
              change: mayBeAbsent[row] && change.isFinite && engine.scorer.isFinite(row: row) ? change : nil))
        }
      }
    }
    let isClass = output.width > 1
    subject = (isClass ? output.classes?.names[most] : nil) ?? output.name
    contributions = found.sorted { abs($0.change ?? 0) > abs($1.change ?? 0) }
    featureCount = features.count
  }
}
