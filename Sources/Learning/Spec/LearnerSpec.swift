/// Everything that decides what a learner computes: two learners of one spec and one stream hold the same bits.
public struct LearnerSpec: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// Embeddings, hidden layers and what stands beside them.
    case network
    /// One weight an input and output, and a bias; no embeddings.
    case linear
  }

  public enum Normalization: String, Sendable, Hashable, Codable, CaseIterable {
    case none
    case layerNorm = "layer_norm"
    case rmsNorm = "rms_norm"
  }

  /// How the weights of hidden layers begin: `auto` follows the activation.
  public enum Initialization: String, Sendable, Hashable, Codable, CaseIterable {
    case auto, he, glorot, lecun, orthogonal
  }

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
  /// Sparse inputs, in the order of `FeatureBatch.weighted`.
  public var weighted: [WeightedInput]
  /// Standardised numbers are clipped to ± this many standard deviations.
  public var inputClip: Float
  public var kind: Kind
  /// Widths of the hidden layers; empty: linear in the inputs and embeddings.
  public var hidden: [Int]
  public var activation: ActivationKind
  /// Hidden outputs are clipped to ± this much, where their derivative is then 0; nil: they are not.
  public var activationLimit: Float?
  public var normalization: Normalization
  public var initialization: Initialization
  /// Share of a hidden layer's units that a training pass leaves out, 0 ..< 1.
  public var dropout: Float
  /// A hidden layer that is as wide as what it reads adds that to its output.
  public var residual: Bool
  /// Cross layers over the input, beside the hidden ones.
  public var crossLayers: Int
  /// Columns between the two factors of a cross layer's matrix; 0: one full matrix.
  public var crossRank: Int
  /// Pairwise interactions of the embeddings, pooled; all must have one dimension.
  public var factorization: Bool
  /// The same through one learned matrix.
  public var bilinear = false
  /// Penalties on hidden outputs: λ₁·|y| and λ₂·y², summed over units.
  public var activationL1, activationL2: Float
  /// A linear part beside the network: one weight a category row and a numeric input for each output.
  public var wide: Bool
  /// What is predicted; at least one. Labels of a batch stand in this order, and versions are judged by the first.
  public var heads: [HeadSpec]
  public var optimizer: OptimizerSpec
  public var embeddingOptimizer: OptimizerSpec
  /// The wide part; nil: its category rows as `embeddingOptimizer`, its numeric weights as `optimizer`.
  public var wideOptimizer: OptimizerSpec?
  public var clipping: GradientClipping
  public var seed: UInt64
  /// One row in this many goes into the histograms; 1: all.
  public var histogramEvery: Int

  /// One head, which learns by the usual loss of its task; others are set as `heads`.
  public init(
    numbers: [NumberInput], categories: [CategoryInput], weighted: [WeightedInput] = [], inputClip: Float = 5,
    hidden: [Int] = [64, 32],
    activation: ActivationKind = .relu, kind: Kind = .network, activationLimit: Float? = nil,
    normalization: Normalization = .none,
    initialization: Initialization = .auto,
    dropout: Float = 0, residual: Bool = false, crossLayers: Int = 0, crossRank: Int = 0, factorization: Bool = false,
    activationL1: Float = 0, activationL2: Float = 0,
    wide: Bool = false, task: Task, optimizer: OptimizerSpec = OptimizerSpec(kind: .adam, learningRate: 0.001),
    embeddingOptimizer: OptimizerSpec = OptimizerSpec(kind: .adagrad, learningRate: 0.05),
    wideOptimizer: OptimizerSpec? = nil,
    clipping: GradientClipping = GradientClipping(globalNorm: 1, value: nil), seed: UInt64 = 1, histogramEvery: Int = 8
  ) {
    self.numbers = numbers
    self.categories = categories
    self.weighted = weighted
    self.inputClip = inputClip
    self.kind = kind
    self.hidden = hidden
    self.activation = activation
    self.activationLimit = activationLimit
    self.normalization = normalization
    self.initialization = initialization
    self.dropout = dropout
    self.residual = residual
    self.crossLayers = crossLayers
    self.crossRank = crossRank
    self.factorization = factorization
    self.activationL1 = activationL1
    self.activationL2 = activationL2
    self.wide = wide
    heads = [HeadSpec(task: task)]
    self.optimizer = optimizer
    self.embeddingOptimizer = embeddingOptimizer
    self.wideOptimizer = wideOptimizer
    self.clipping = clipping
    self.seed = seed
    self.histogramEvery = histogramEvery
  }

  /// One weight a category row and a numeric input for each output.
  public var hasWidePart: Bool { wide || kind == .linear }

}

extension LearnerSpec {
  /// The primary head's; setting another one brings its usual loss.
  public var task: Task {
    get { heads[0].task }
    set {
      if newValue != heads[0].task { heads[0] = HeadSpec(name: heads[0].name, task: newValue) }
    }
  }

  /// The primary head's outputs a row: 1, or the number of classes.
  public var outputCount: Int { heads[0].outputCount }

  /// Outputs a row, over all heads.
  var totalOutputs: Int { heads.reduce(0) { $0 + $1.outputCount } }
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

/// Sparse inputs: Σ weight · row over the pairs of a record.
///
/// With few units it is a whole first layer: a record costs what its pairs cost, however large the table is.
public struct WeightedInput: Sendable, Hashable, Codable {
  public var name: String
  /// Rows of the table.
  public var rows: Int
  /// Width of the sum.
  public var dimension: Int
  /// The sum goes through the activation, as a hidden layer's product would. The last sparse input only; it has no wide
  /// weights.
  public var activates: Bool

  public init(name: String, rows: Int, dimension: Int, activates: Bool) {
    self.name = name
    self.rows = rows
    self.dimension = dimension
    self.activates = activates
  }
}
