public import Evaluation
public import Health

/// Everything known about a version that may decide its future.
public struct CandidateEvidence: Sendable, Hashable, Codable {
  /// The layer of the first parameter that is NaN or infinite.
  public var nonFiniteParameter: String?
  /// Outputs that were NaN or infinite: in the test stream and, once it serves, in replies.
  public var nonFiniteOutputs: Int64
  public var findings: [HealthFinding]
  /// Labelled records of the window, each predicted before it was learned.
  public var records: Int64
  /// Over those records, in the task's loss.
  public var meanLoss: Double?
  public var auc: Double?
  /// Loss of the best constant prediction over the same records.
  public var priorLoss: Double?
  /// The losses are of values, in a power of the label's unit; else in nats.
  public var isOfValues: Bool
  /// The loss of its frozen weights minus that of the version `comparedWith`, frozen too, on the same records, which came after
  /// what either has learned.
  public var comparison: PairedDifference?
  /// With any other than the version confirmed last the comparison does not count; nil: with that one.
  public var comparedWith: Int64?
  /// Of the same pairs: whether they have become worse of late. Of a version older than the one that it is held against, whether that
  /// one has become worse.
  public var decline: Decline?
  /// Of two classes, on the same records: its wrong answers, and what its area under the ROC curve lacks.
  public var errors: BoundedDifference?
  public var area: PairedArea?
  /// The same by slice, those that have pairs; nil: versions are compared on all records alone.
  public var slices: [SliceEvidence]?
  /// The most slices that there may ever be: the error is dealt out to so many.
  public var slicesMax: Int?
  /// The learner's loss of late minus that of the version `trendOver`.
  public var trend: PairedDifference?
  public var trendOver: Int64?
  /// What live requests say against it, which only it can be to blame for.
  public var breach: BurnRateFinding?
  /// Of a canary: the live requests that there are for it; nil: nobody knows.
  public var traffic: CanaryTraffic?
  /// The run ended with its checkpoint: no record came, or will soon, to compare it by.
  public var isLast = false

  public init(
    nonFiniteParameter: String? = nil, nonFiniteOutputs: Int64 = 0, findings: [HealthFinding] = [],
    records: Int64 = 0, meanLoss: Double? = nil, auc: Double? = nil, priorLoss: Double? = nil,
    isOfValues: Bool = false, comparison: PairedDifference? = nil, comparedWith: Int64? = nil
  ) {
    self.nonFiniteParameter = nonFiniteParameter
    self.nonFiniteOutputs = nonFiniteOutputs
    self.findings = findings
    self.records = records
    self.meanLoss = meanLoss
    self.auc = auc
    self.priorLoss = priorLoss
    self.isOfValues = isOfValues
    self.comparison = comparison
    self.comparedWith = comparedWith
  }

  /// Evidence from a window's metrics.
  public init(
    metrics: StreamMetrics, nonFiniteParameter: String? = nil, findings: [HealthFinding] = [],
    comparison: PairedDifference? = nil, comparedWith: Int64? = nil
  ) {
    self.init(
      nonFiniteParameter: nonFiniteParameter, nonFiniteOutputs: metrics.nonFiniteOutputs, findings: findings,
      records: metrics.records, meanLoss: metrics.meanLoss, auc: metrics.auc, priorLoss: metrics.priorLoss,
      isOfValues: metrics.task.isRegression, comparison: comparison, comparedWith: comparedWith)
  }

  /// The version's own pairs with `anchor`; nil: there are none with that one.
  public func pairs(with anchor: Int64) -> PairedDifference? { comparedWith ?? anchor == anchor ? comparison : nil }

  /// Whether a parameter or an output is NaN or infinite: no later evidence can make up for it.
  public var isNonFinite: Bool { nonFiniteParameter != nil || nonFiniteOutputs > 0 }
}
