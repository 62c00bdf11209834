/// How the model learns: `training:` of the pipeline file.
public struct TrainingSettings: Sendable, Hashable, Codable {
  public enum OptimizerKind: String, Sendable, Hashable, Codable, CaseIterable { case adam, sgd, adagrad }

  public struct Optimizer: Sendable, Hashable, Codable {
    public var kind: OptimizerKind
    public var learningRate: Double
    /// SGD.
    public var momentum: Double = 0
    /// Adam.
    public var beta1: Double = 0.9
    public var beta2: Double = 0.999
    public var epsilon: Double = 1e-8

    public init(kind: OptimizerKind, learningRate: Double) {
      self.kind = kind
      self.learningRate = learningRate
    }
  }

  /// Processes that share the work when `start --workers` does not say otherwise.
  public var workers: Int = 2
  /// Valid records a step takes from each partition, at most.
  public var recordsPerPartition: Int = 8
  /// How long a step waits for a partition with too few records.
  public var linger: Duration = .milliseconds(20)
  /// Dense parameters.
  public var optimizer = Optimizer(kind: .adam, learningRate: 0.001)
  /// Embedding rows; `adagrad` keeps one sum a row.
  public var embeddingOptimizer = Optimizer(kind: .adagrad, learningRate: 0.05)
  /// The largest global L2 norm of a gradient; nil: unlimited.
  public var clipGlobalNorm: Double? = 1
  /// The largest magnitude of one gradient value; nil: unlimited.
  public var clipValue: Double?
  /// After this many rejections for `non_finite` the lineage is halted.
  public var nonFiniteBudget: Int = 100
  /// Every step's offset ranges are stored, for `audit --ledger`.
  public var ledger: Bool = false
  /// Steps wait for full shares, whatever it costs, so that the same stream gives the same bits.
  public var reproducible: Bool = false
  /// A silent peer is a lost one after this long.
  public var peerTimeout: Duration = .seconds(10)

  public init() {}
}
