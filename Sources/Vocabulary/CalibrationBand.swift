/// Records that were answered with about the same probability, and what happened to them: a bar of a reliability diagram.
///
/// - Source: Niculescu-Mizil & Caruana 2005, Predicting good probabilities with supervised learning.
public struct CalibrationBand: Sendable, Hashable, Codable {
  /// The probabilities in it, from here on.
  public let from: Double
  /// Up to here, which is the next one's.
  public let to: Double
  /// Sum of their weights: their number where each counts once.
  public let records: Double
  /// The mean probability.
  public let predicted: Double
  /// The share of those whose label is 1.
  public let observed: Double

  public init(from: Double, to: Double, records: Double, predicted: Double, observed: Double) {
    (self.from, self.to, self.records) = (from, to, records)
    (self.predicted, self.observed) = (predicted, observed)
  }

  /// How far what was said lies from what happened.
  public var gap: Double { abs(predicted - observed) }
}
