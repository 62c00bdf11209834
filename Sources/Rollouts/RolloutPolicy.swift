import Evaluation
import Vocabulary

/// What a version must show. The fields are the pipeline's `rollout:` settings.
public struct RolloutPolicy: Sendable, Hashable, Codable {
  /// Labelled records (pairs, where there is a stable version) before a version is judged by its loss.
  public var recordsMin: Int64
  /// How much worse than the stable version's, in the task's loss a record, its loss may be; nil: by the task, see
  /// `tolerance(for:)`.
  public var lossTolerance: Double?
  /// The same as a share of the loss of the best constant prediction; nil: as `lossTolerance` says.
  public var lossToleranceRelative: Double?
  /// Of the comparison; 0 … 1, both excluded.
  public var confidence: Double
  public var lane: Lane
  /// Share of live requests a canary answers; 0: there is no canary, a validated version becomes stable at once.
  public var canaryShare: Double
  /// The least time a version is the canary before it becomes stable.
  public var canaryDuration: Duration

  public init(
    recordsMin: Int64 = 2000, lossTolerance: Double? = nil, lossToleranceRelative: Double? = nil,
    confidence: Double = 0.99, lane: Lane = .careful, canaryShare: Double = 0, canaryDuration: Duration = .seconds(60)
  ) {
    self.recordsMin = recordsMin
    self.lossTolerance = lossTolerance
    self.lossToleranceRelative = lossToleranceRelative
    self.confidence = confidence
    self.lane = lane
    self.canaryShare = canaryShare
    self.canaryDuration = canaryDuration
  }

  /// How a version comes to serve.
  public enum Lane: String, Sendable, Hashable, Codable {
    /// The learner's trend may admit a version that serves on watch until its own pairs confirm it.
    case fast
    /// A version's own pairs, and after them its time as the canary.
    case careful
  }

  /// Pairs of the frozen weights that the fast lane looks at before a version serves.
  static let pairsOnEntry: Int64 = 256
  /// A version that is undecided after this many times `recordsMin` pairs makes room for the next.
  static let undecidedMax: Int64 = 50

  /// What is tolerated unless the pipeline says otherwise: nats a record of classes, a share of the labels' spread of values.
  public static let usualTolerance = 0.005
  /// Of classes never more than this share of what there is to learn: where positives are one in a thousand, the best
  /// constant loses 0.008 nats, and 0.005 would be most of it.
  static let classesShareMax = 0.05

  /// Bounds that hold at every look.
  func bounds(of pairs: PairedDifference) -> (lower: Double, upper: Double) {
    pairs.confidenceSequence(confidence: confidence, tightestAt: max(recordsMin, 1))
  }

  /// How much worse, in the loss a record, a version with this evidence may be.
  ///
  /// Values have no natural unit: squared error of minutes is 3,600 times that of hours. So the tolerance is a share of the
  /// loss of the best constant, which has the same unit: the labels' variance where squared error judges.
  public func tolerance(for evidence: CandidateEvidence) -> Double {
    if let lossTolerance { return lossTolerance }
    let prior = evidence.priorLoss.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    if let lossToleranceRelative { return lossToleranceRelative * (prior ?? 0) }
    guard let prior else { return evidence.isOfValues ? 0 : Self.usualTolerance }
    return evidence.isOfValues
      ? Self.usualTolerance * prior : min(Self.usualTolerance, Self.classesShareMax * prior)
  }
}
