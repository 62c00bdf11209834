public import Evaluation
public import Health
public import Vocabulary

/// What a lineage has come to at a step: all that a checkpoint says beside the model's state. One value from the step
/// thread's snapshot through the tables to what the next generation restores, so that a further fact has one place.
public struct Checkpoint: Sendable, Hashable {
  /// Agreed steps since the lineage began.
  public var step: Int64
  /// By partition, of every partition, cumulative over the lineage.
  public var progress: [PartitionProgress]
  /// Cumulative over the lineage.
  public var rejected: [RejectReason: Int64]
  /// Test-then-train over the lineage.
  public var metrics: StreamMetrics
  /// Test-then-train since the parent.
  public var window: StreamMetrics
  /// The learner of late against the frozen version `comparedWith`, on the same records.
  public var comparison: PairedDifference?
  public var comparedWith: Int64?
  /// What frozen versions lost; nil: none was asked, or an older program wrote it.
  public var frozen: FrozenScores?
  /// What happened to the values of each declared field; nil: an older program wrote it, or one so new that this one
  /// cannot read it.
  public var fields: FieldReport?
  /// What watches the loss of each step; nil: an older program wrote it, or one so new that this one cannot read it.
  public var lossWatch: LossWatch?
  /// The same of the version that serves, on the same records.
  public var stableWatch: LossWatch?
  /// The losses of the heads beyond the first; none where there are none, or an older program wrote it.
  public var heads: [HeadLoss]
  /// From the first record since the parent to the last, as the writer's clock saw it; nil: not known.
  public var seconds: Double?
  /// What the layers' work took since the parent, as the workers' clocks saw it; none: it is not known.
  public var costs: [LayerCost] = []
  /// Reproducible mode: its last step had less than a full share of each partition, as they had been drained; nil: an older
  /// program wrote it.
  public var endsShort: Bool?
  /// Steps in a row, up to its own, that a rule with the action `skip_step` found sick.
  public var sickInRow = 0
  /// Whether the pipeline ended with it.
  public var isFinal: Bool
  /// SHA-256 of the parameters, in hexadecimal.
  public var parametersDigest: String
  /// The first layer with a NaN or infinite parameter: such a checkpoint is kept as evidence, never resumed from.
  public var nonFiniteParameter: String?

  public init(
    step: Int64, progress: [PartitionProgress], rejected: [RejectReason: Int64] = [:], metrics: StreamMetrics,
    window: StreamMetrics, comparison: PairedDifference? = nil, comparedWith: Int64? = nil, fields: FieldReport? = nil,
    lossWatch: LossWatch? = nil, stableWatch: LossWatch? = nil, heads: [HeadLoss] = [], seconds: Double? = nil,
    isFinal: Bool = false,
    parametersDigest: String,
    nonFiniteParameter: String? = nil
  ) {
    self.step = step
    self.progress = progress
    self.rejected = rejected
    self.metrics = metrics
    self.window = window
    self.comparison = comparison
    self.comparedWith = comparedWith
    self.fields = fields
    self.lossWatch = lossWatch
    self.stableWatch = stableWatch
    self.heads = heads
    self.seconds = seconds
    self.isFinal = isFinal
    self.parametersDigest = parametersDigest
    self.nonFiniteParameter = nonFiniteParameter
  }
}
