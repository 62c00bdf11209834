/// How the model learns: `training:` of the pipeline file.
public struct TrainingSettings: Sendable, Hashable, Codable {
  /// Processes that share the work when `start --workers` does not say otherwise.
  public var workers: Int = 2
  /// Valid records a step takes from each partition, at most.
  public var recordsPerPartition: Int = 2
  /// Valid records a step takes in all, at most, dealt over the partitions in a fixed rotation; nil: `recordsPerPartition` says it.
  public var recordsPerStep: Int?
  /// How long a step waits for a partition with too few records.
  public var linger: Duration = .milliseconds(20)
  /// Dense parameters.
  public var optimizer = Optimizer(kind: .adam)
  /// Embedding rows; `adagrad` keeps one sum a row.
  public var embeddingOptimizer = Optimizer(kind: .adagrad)
  /// The wide part; nil: its category rows as `embeddingOptimizer`, its numeric weights as `optimizer`.
  public var wideOptimizer: Optimizer?
  /// The largest global L2 norm of a gradient; nil: unlimited.
  public var clipGlobalNorm: Double? = 1
  /// The largest magnitude of one gradient value; nil: unlimited.
  public var clipValue: Double?
  /// The largest L2 norm of one layer's gradient; nil: unlimited.
  public var clipLayerNorm: Double?
  /// The largest ratio of a hidden unit's gradient norm to its weights' norm; nil: unlimited.
  public var clipAdaptive: Double?
  /// After this many rejections for `non_finite` the lineage is halted.
  public var nonFiniteBudget: Int = 100
  /// Every step's offset ranges and decisions are stored, for `audit --ledger`, `forget` and whatever makes steps again.
  public var ledger: Bool = true
  /// Steps wait for full shares, whatever it costs, so that the same stream gives the same bits.
  public var reproducible: Bool = false
  /// Bytes that all workers of a machine may take together; nil: what the machine has.
  public var memoryMax: Int?
  /// The model brings its optimisers; nil: it does not.
  public internal(set) var isRecipe: Bool?
  /// Records a step of such a model, where the file does not say; of workers there is one then, as more learn no quicker.
  public static let recipeRecordsPerStep = 1
  /// A silent peer is a lost one after this long.
  public var peerTimeout: Duration = .seconds(10)

  public init() {}
}
