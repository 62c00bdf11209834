public import Evaluation

/// A version's pairs on one slice of the records.
public struct SliceEvidence: Sendable, Hashable, Codable {
  /// As a person reads it: `carrier=UA`.
  public let name: String
  /// Its loss minus that of the version that it is compared with.
  public let loss: PairedDifference
  /// Of two classes, its wrong answers minus that version's.
  public let errors: BoundedDifference?

  public init(name: String, loss: PairedDifference, errors: BoundedDifference? = nil) {
    (self.name, self.loss, self.errors) = (name, loss, errors)
  }
}

extension CandidateEvidence {
  /// With the slices that look worst alone, for a journal that people read.
  public var brief: CandidateEvidence {
    guard let slices, slices.count > Self.briefSlices else { return self }
    var evidence = self
    evidence.slices = Array(
      slices.sorted { ($0.loss.mean, $1.name) > ($1.loss.mean, $0.name) }.prefix(Self.briefSlices))
    return evidence
  }

  private static let briefSlices = 8
}

extension Rollout {
  /// A version by slice, those that may be worse: by loss, and of two classes by wrong answers.
  ///
  /// Bounds take their time, and a mean that is no worse than half of what is tolerated has none beyond it.
  static func sliceComparisons(
    _ evidence: CandidateEvidence, family: Family, policy: RolloutPolicy
  ) -> [MeasureComparison] {
    guard let slices = evidence.slices, let confidence = family.sliceConfidence else { return [] }
    let margin = policy.sliceTolerance(for: evidence)
    var found: [MeasureComparison] = []
    for slice in slices {
      if slice.loss.mean > margin / 2 {
        let bounds = policy.bounds(of: slice.loss, confidence: confidence)
        found.append(
          MeasureComparison(
            measure: .loss, slice: slice.name, margin: margin, lower: bounds.lower, upper: bounds.upper,
            pairs: slice.loss.count))
      }
      if let errors = slice.errors, errors.mean > RolloutPolicy.sliceGuardRail / 2 {
        let bounds = errors.confidenceSequence(confidence: confidence)
        found.append(
          MeasureComparison(
            measure: .error, slice: slice.name, margin: RolloutPolicy.sliceGuardRail, lower: bounds.lower,
            upper: bounds.upper, pairs: errors.count))
      }
    }
    return found
  }
}
