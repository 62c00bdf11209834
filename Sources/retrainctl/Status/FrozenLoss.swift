package import Evaluation
import Registry

/// What a version loses by standing still: its frozen weights against the learner, which goes on, on the same records of late.
package struct FrozenLoss: Codable, Sendable {
  /// Records that the lineage has measured since the version's checkpoint; nil: it is of another lineage.
  var age: Int64?
  var pairs: Int64
  /// Its loss minus the learner's, a record.
  var mean: Double
  /// Two standard errors of it.
  var error: Double

  /// Of fewer pairs nothing is said.
  private static let pairsMin: Int64 = 100

  /// - Parameters:
  ///   - checkpoint: The version's own.
  ///   - newest: The lineage's newest, which says what frozen versions lost until then.
  /// - Returns: nil: the version is not asked about what comes, or was not asked enough yet.
  init?(of version: Int64, _ checkpoint: CheckpointRecord, upTo newest: CheckpointRecord) {
    guard let trend = newest.frozen?[version: version]?.trend.pairs else { return nil }
    let age = newest.metrics.records - checkpoint.metrics.records
    self.init(trend, age: newest.lineage == checkpoint.lineage && age >= 0 ? age : nil)
  }

  /// - Parameter trend: The learner's loss minus the version's.
  package init?(_ trend: PairedDifference, age: Int64?) {
    guard trend.count >= Self.pairsMin, trend.mean.isFinite, trend.variance.isFinite else { return nil }
    (self.age, pairs, mean) = (age, trend.count, -trend.mean)
    error = 2 * (trend.variance / Double(trend.count)).squareRoot()
  }

  /// As the end of a sentence that begins with the version.
  package var sentence: String {
    let (much, spread) = (Wording.measure(abs(mean)), Wording.measure(error))
    let what =
      mean > error
      ? "loses \(much) ± \(spread) a record more than the learner, which goes on"
      : mean < -error
        ? "loses \(much) ± \(spread) a record less than the learner"
        : "loses as much as the learner, within \(spread) a record"
    return (age.map { "is \(Wording.count($0)) records old and " } ?? "") + what
      + ": of the last \(Wording.count(pairs)) that both were asked"
  }
}
