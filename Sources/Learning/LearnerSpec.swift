/// Everything that decides what a learner computes: two learners of one spec and one stream hold the same bits.
public struct LearnerSpec: Sendable, Hashable, Codable {
  public enum Normalization: String, Sendable, Hashable, Codable, CaseIterable { case none, layerNorm = "layer_norm" }
  /// How weights begin: `auto` is He for the ReLU family, GELU and swish, and Glorot for the others.
  public enum Initialization: String, Sendable, Hashable, Codable, CaseIterable { case auto, he, glorot }

  /// What is predicted.
  public enum Task: Sendable, Hashable, Codable {
    /// One probability; labels 0 and 1.
    case binary
    /// One probability a class; labels are class indices. At least 2 classes.
    case multiclass(classes: Int)
    /// One value, learned standardised by the running statistics of the labels, answered in label units.
    case regression
  }

  /// The columns of `FeatureBatch.numbers`, in order.
  public var numbers: [NumberInput]
  /// The columns of `FeatureBatch.categories`, in order.
  public var categories: [CategoryInput]
  /// Standardised numbers are clipped to ± this many standard deviations.
  public var inputClip: Float
  /// Widths of the hidden layers; empty: linear in the inputs and embeddings.
  public var hidden: [Int]
  public var activation: ActivationKind
  public var normalization: Normalization
  public var initialization: Initialization
  /// A linear part beside the network: one weight a category row and a numeric input for each output.
  public var wide: Bool
  public var task: Task
  public var optimizer: OptimizerSpec
  public var embeddingOptimizer: OptimizerSpec
  public var clipping: GradientClipping
  public var seed: UInt64
  /// One row in this many goes into the histograms; 1: all.
  public var histogramEvery: Int

  public init(
    numbers: [NumberInput], categories: [CategoryInput], inputClip: Float = 5, hidden: [Int] = [64, 32],
    activation: ActivationKind = .relu, normalization: Normalization = .none, initialization: Initialization = .auto,
    wide: Bool = false, task: Task, optimizer: OptimizerSpec = OptimizerSpec(kind: .adam, learningRate: 0.001),
    embeddingOptimizer: OptimizerSpec = OptimizerSpec(kind: .adagrad, learningRate: 0.05),
    clipping: GradientClipping = GradientClipping(globalNorm: 1, value: nil), seed: UInt64 = 1, histogramEvery: Int = 8
  ) {
    self.numbers = numbers
    self.categories = categories
    self.inputClip = inputClip
    self.hidden = hidden
    self.activation = activation
    self.normalization = normalization
    self.initialization = initialization
    self.wide = wide
    self.task = task
    self.optimizer = optimizer
    self.embeddingOptimizer = embeddingOptimizer
    self.clipping = clipping
    self.seed = seed
    self.histogramEvery = histogramEvery
  }

  /// Outputs a row: 1, or the number of classes.
  public var outputCount: Int {
    if case .multiclass(let classes) = task { return classes }
    return 1
  }
}

/// One numeric column.
public struct NumberInput: Sendable, Hashable, Codable {
  public var name: String
  /// Standardised with running statistics, or taken as it is. Absent: 0 either way.
  public var standardize: Bool
  /// A further input that is 1 where the value is absent.
  public var missingIndicator: Bool

  public init(name: String, standardize: Bool = true, missingIndicator: Bool = false) {
    self.name = name
    self.standardize = standardize
    self.missingIndicator = missingIndicator
  }
}

/// One hashed category and its embedding table.
public struct CategoryInput: Sendable, Hashable, Codable {
  public var name: String
  /// Rows of the table.
  public var buckets: Int
  /// Width of the embedding.
  public var dimension: Int

  public init(name: String, buckets: Int, dimension: Int) {
    self.name = name
    self.buckets = buckets
    self.dimension = dimension
  }
}
