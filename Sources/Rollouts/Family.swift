/// What versions are compared by: each as a loss, candidate minus baseline, so that below zero the candidate is better.
public enum ComparedMeasure: String, Sendable, Hashable, Codable, CaseIterable {
  /// The task's loss a record.
  case loss
  /// Wrong answers, as a share of records.
  case error
  /// What is missing to the whole area under the ROC curve.
  case area
  /// The logarithm of an answer's time.
  case latency
}

/// How the error that a version's comparisons may make is dealt out: over all measures, all slices and, as each comparison is valid
/// at every look, all looks.
///
/// To be condemned one comparison is enough, so they share half of the error: the measures over all records one half of that
/// in equal parts, the slices the other. To be promoted a version must pass every measure, and the greatest of their errors is the
/// error of the whole: each has the other half undivided.
///
/// - Source: Bonferroni's bound (to condemn); Berger 1982, "Multiparameter hypothesis testing and acceptance sampling",
///   Technometrics 24(4) (to promote: the intersection–union test).
public struct Family: Sendable, Hashable, Codable {
  /// Of all verdicts together; 0 … 1, both excluded.
  public let alpha: Double
  public let measures: [ComparedMeasure]
  public let slices: [String]
  /// To how many slices the error is dealt out: those that are there, and those that may come.
  public let slicesMax: Int

  /// - Parameters:
  ///   - measures: At least one, each once.
  ///   - slices: Those that are looked at, each once.
  ///   - slicesMax: As many as there may ever be; nil: those of `slices`, and those that come later have no part of the error.
  public init(alpha: Double, measures: [ComparedMeasure], slices: [String] = [], slicesMax: Int? = nil) {
    precondition(alpha > 0 && alpha < 1, "an error lies between 0 and 1, \(alpha) does not")
    precondition(!measures.isEmpty && Set(measures).count == measures.count, "the measures \(measures)")
    precondition(Set(slices).count == slices.count, "the slices \(slices)")
    self.alpha = alpha
    self.measures = measures
    self.slices = slices
    self.slicesMax = max(slicesMax ?? 0, slices.count)
  }

  /// With which a measure over all records is compared, to condemn a version by the lower bound.
  public var condemningConfidence: Double { 1 - 2 * overallShare / Double(measures.count) }

  /// With which a measure of a slice is compared, to hold a version up by the lower bound; nil: there is no slice.
  public var sliceConfidence: Double? {
    slicesMax == 0 ? nil : 1 - 2 * (alpha / 4) / Double(slicesMax * measures.count)
  }

  /// With which a measure over all records is compared, to promote a version by the upper bound.
  public var promotingConfidence: Double { 1 - alpha }

  /// Of a two-sided bound each side errs with half of what is missing to 1.
  private var overallShare: Double { slicesMax == 0 ? alpha / 2 : alpha / 4 }
}
