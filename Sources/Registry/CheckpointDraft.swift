import Evaluation
import Health
import Vocabulary

/// A checkpoint about to be saved: the state and the offsets up to which it has learned, as one.
public struct CheckpointDraft: Sendable {
  public let pipeline: Int64
  /// The writer's; any but the current one is refused.
  public let generation: Generation
  /// The checkpoint that the lineage continues; nil for the first one.
  public let parent: Int64?
  public let step: Int64
  /// As the learner encodes it.
  public let state: [UInt8]
  /// Of every partition, cumulative over the lineage.
  public let progress: [PartitionProgress]
  /// Cumulative over the lineage.
  public let rejected: [RejectReason: Int64]
  /// Test-then-train over the lineage.
  public let metrics: StreamMetrics
  /// Test-then-train since the parent.
  public let window: StreamMetrics
  /// Against the version `comparedWith`, on the same records.
  public var comparison: PairedDifference?
  public var comparedWith: Int64?
  /// Since the parent.
  public var health: [LayerHealth]
  /// SHA-256 of the parameters, in hexadecimal.
  public let parametersDigest: String
  /// The first layer with a NaN or infinite parameter: such a checkpoint is kept as evidence, never resumed from.
  public var nonFiniteParameter: String?
  /// Whether the pipeline ends with it.
  public var isFinal: Bool
  /// Every step's offset ranges since the parent, for pipelines that keep a ledger.
  public var ledger: [StepRange]
  /// What happened to the values of each declared field.
  public var fields: FieldReport?
  /// The losses of the heads beyond the first.
  public var heads: [HeadLoss]
  /// From the first record since the parent to the last, as the writer's clock saw it.
  public var seconds: Double?
  /// `DataContract.text` of what the state was learned under; nil: it is not known.
  public var contract: String?
  /// The writer's; any but the pipeline's is refused.
  public var lineage: Int

  public init(
    pipeline: Int64, generation: Generation, parent: Int64?, step: Int64, state: [UInt8],
    progress: [PartitionProgress], rejected: [RejectReason: Int64], metrics: StreamMetrics, window: StreamMetrics,
    comparison: PairedDifference? = nil, comparedWith: Int64? = nil, health: [LayerHealth] = [],
    parametersDigest: String, nonFiniteParameter: String? = nil, isFinal: Bool = false, ledger: [StepRange] = [],
    fields: FieldReport? = nil, heads: [HeadLoss] = [], seconds: Double? = nil, contract: String? = nil,
    lineage: Int = 0
  ) {
    self.pipeline = pipeline
    self.generation = generation
    self.parent = parent
    self.step = step
    self.state = state
    self.progress = progress
    self.rejected = rejected
    self.metrics = metrics
    self.window = window
    self.comparison = comparison
    self.comparedWith = comparedWith
    self.health = health
    self.parametersDigest = parametersDigest
    self.nonFiniteParameter = nonFiniteParameter
    self.isFinal = isFinal
    self.ledger = ledger
    self.fields = fields
    self.heads = heads
    self.seconds = seconds
    self.contract = contract
    self.lineage = lineage
  }
}

/// What one step took from one partition: a row of the ledger.
public struct StepRange: Sendable, Hashable, Codable {
  public let step: Int64
  public let partition: Int32
  /// The first offset of the range.
  public let from: Int64
  /// The offset after it.
  public let next: Int64
  public let trained: Int64
  public let rejected: Int64
  /// Which topic of its name, as in `PartitionProgress`.
  public let stream: Int

  public init(
    step: Int64, partition: Int32, from: Int64, next: Int64, trained: Int64, rejected: Int64, stream: Int = 0
  ) {
    self.step = step
    self.partition = partition
    self.from = from
    self.next = next
    self.trained = trained
    self.rejected = rejected
    self.stream = stream
  }
}
