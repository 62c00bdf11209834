import Vocabulary

/// What a version must show. The fields are the pipeline's `rollout:` settings.
public struct RolloutPolicy: Sendable, Hashable, Codable {
  /// Labelled records (pairs, where there is a stable version) before a version is judged by its loss.
  public var recordsMin: Int64
  /// How much worse than the stable version's, in the task's loss a record, its loss may be.
  public var lossTolerance: Double
  /// Of the comparison; 0 … 1, both excluded.
  public var confidence: Double
  /// Share of live requests a canary answers; 0: there is no canary, a validated version becomes stable at once.
  public var canaryShare: Double
  /// The least time a version is the canary before it becomes stable.
  public var canaryDuration: Duration

  public init(
    recordsMin: Int64 = 2000, lossTolerance: Double = 0.005, confidence: Double = 0.99, canaryShare: Double = 0,
    canaryDuration: Duration = .seconds(60)
  ) {
    self.recordsMin = recordsMin
    self.lossTolerance = lossTolerance
    self.confidence = confidence
    self.canaryShare = canaryShare
    self.canaryDuration = canaryDuration
  }
}
