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
  /// How much worse, in the task's loss a record, it may be on one slice of the records; nil: `sliceShare` times what is tolerated
  /// over all of them.
  public var sliceTolerance: Double?
  /// Of the comparison; 0 … 1, both excluded.
  public var confidence: Double
  public var lane: Lane
  /// Shares of live requests that a canary answers, one after the other, ascending; none: there is no canary, a validated
  /// version becomes stable at once.
  public var canary: [Double]
  /// The least time at each share, after `warmUp`.
  public var hold: Duration
  /// Live requests that a canary has to answer itself at each share, where there is a server.
  public var requestsMin: Int64
  /// How much more of its live requests a canary may fail at than the stable version, as a share.
  public var failureTolerance: Double
  /// How much longer its answers may take than that one's, as a share of theirs.
  public var latencyTolerance: Double
  /// How long a candidate or canary may be undecided; nil: as long as it takes.
  public var durationMax: Duration?
  /// What becomes of one that is undecided for too long, or after too many pairs.
  public var onInconclusive: Inconclusive
  /// For so long after it got a share what live requests say of it does not count, but for numbers that are not finite.
  public var warmUp: Duration
  /// For so long after a rollback nothing is promoted.
  public var coolDown: Duration

  public init(
    recordsMin: Int64 = 2000, lossTolerance: Double? = nil, lossToleranceRelative: Double? = nil,
    sliceTolerance: Double? = nil, confidence: Double = 0.99, lane: Lane = .careful, canary: [Double] = [],
    hold: Duration = .seconds(60),
    requestsMin: Int64 = 0, failureTolerance: Double = 0.001, latencyTolerance: Double = 0.5,
    durationMax: Duration? = nil, onInconclusive: Inconclusive = .retire, warmUp: Duration = .zero,
    coolDown: Duration = .zero
  ) {
    self.recordsMin = recordsMin
    self.lossTolerance = lossTolerance
    self.lossToleranceRelative = lossToleranceRelative
    self.sliceTolerance = sliceTolerance
    self.confidence = confidence
    self.lane = lane
    self.canary = canary
    self.hold = hold
    self.requestsMin = requestsMin
    self.failureTolerance = failureTolerance
    self.latencyTolerance = latencyTolerance
    self.durationMax = durationMax
    self.onInconclusive = onInconclusive
    self.warmUp = warmUp
    self.coolDown = coolDown
  }

  /// What becomes of a version that nothing can be said of; it is never promoted.
  public enum Inconclusive: String, Sendable, Hashable, Codable {
    /// It makes room for a newer one.
    case retire
    /// It keeps its place, until it is decided or a person says what becomes of it.
    case hold
  }

  /// How a version comes to serve.
  public enum Lane: String, Sendable, Hashable, Codable {
    /// The learner's trend may admit a version that serves on watch until its own pairs confirm it.
    case fast
    /// A version's own pairs, and after them its time as the canary.
    case careful
  }

  /// More wrong answers a record, or less area under the ROC curve, than this condemns a version whatever its loss.
  static let guardRail = 0.02
  /// The same on a slice: versions differ by slice more than over all records.
  static let sliceGuardRail = 0.05
  /// What is tolerated on a slice, as a multiple of what is over all records.
  static let sliceShare = 4.0
  /// Pairs of the frozen weights that the fast lane looks at before a version serves. One that does not look good by then is not
  /// waited for: the next has as good a chance, and is fresher. Every version gets so many, so at low rates as well none is
  /// displaced by those that come after it before it was looked at.
  static let pairsOnEntry: Int64 = 256
  /// A version that is undecided after this many times `recordsMin` pairs makes room for the next.
  private static let undecidedMax: Int64 = 50
  /// Pairs after which a version that is undecided makes room.
  var pairsMax: Int64 { Self.undecidedMax * max(recordsMin, 1) }

  /// What is tolerated unless the pipeline says otherwise: nats a record of classes, a share of the labels' spread of values.
  public static let usualTolerance = 0.005
  /// Of classes never more than this share of what there is to learn: where positives are one in a thousand, the best
  /// constant loses 0.008 nats, and 0.005 would be most of it.
  static let classesShareMax = 0.05

  /// Bounds that hold at every look.
  func bounds(of pairs: PairedDifference, confidence: Double) -> (lower: Double, upper: Double) {
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

  /// The same on one slice of the records.
  func sliceTolerance(for evidence: CandidateEvidence) -> Double {
    sliceTolerance ?? Self.sliceShare * tolerance(for: evidence)
  }
}
