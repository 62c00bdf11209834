import Evaluation
public import Health
public import Vocabulary

/// A checkpoint about to be saved: the state and the offsets up to which it has learned, as one.
@dynamicMemberLookup
public struct CheckpointDraft: Sendable {
  public let pipeline: Int64
  /// The writer's; any but the current one is refused.
  public let generation: Generation
  /// The checkpoint that the lineage continues; nil for the first one.
  public let parent: Int64?
  public var checkpoint: Checkpoint
  /// As the learner encodes it.
  public let state: [UInt8]
  /// What the stream has said by key, as the model's memory encodes it; nil: it remembers nothing.
  public var memory: [UInt8]?
  /// Since the parent.
  public var health: [LayerHealth]
  /// Records since the parent, drawn at random.
  public var sample: RowSample?
  /// Every step's offset ranges since the parent, for pipelines that keep a ledger.
  public var ledger: [StepRange]
  /// What was decided of the same steps.
  public var decisions: [StepDecision] = []
  /// The first step since the parent from which on every step is in the ledger, the one after the checkpoint's own where
  /// none is; nil: nobody knows.
  public var ledgerFrom: Int64?
  /// `DataContract.text` of what the state was learned under; nil: it is not known.
  public var contract: String?
  /// The writer's; any but the run's is refused.
  public var lineage: Int
  /// Which of the pipeline's runs it is of.
  public var run: RunID

  public init(
    pipeline: Int64, generation: Generation, parent: Int64?, _ checkpoint: Checkpoint, state: [UInt8],
    health: [LayerHealth] = [], ledger: [StepRange] = [], contract: String? = nil, lineage: Int = 0,
    run: RunID = .live
  ) {
    self.pipeline = pipeline
    self.generation = generation
    self.parent = parent
    self.checkpoint = checkpoint
    self.state = state
    self.health = health
    self.ledger = ledger
    self.contract = contract
    self.lineage = lineage
    self.run = run
  }

  public subscript<Value>(dynamicMember fact: WritableKeyPath<Checkpoint, Value>) -> Value {
    get { checkpoint[keyPath: fact] }
    set { checkpoint[keyPath: fact] = newValue }
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
