/// Everything that decides what a learner computes, as a tree from the inputs over the branches to the heads: two learners of
/// one spec and one stream hold the same bits.
///
/// What a part of the tree has is read and set through the whole too: `spec.hidden` is `spec.deep.hidden`.
@dynamicMemberLookup
public struct LearnerSpec: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// Embeddings, hidden layers and what stands beside them.
    case network
    /// One weight an input and output, and a bias; no embeddings.
    case linear
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

  public typealias Normalization = DeepSpec.Normalization
  public typealias Initialization = DeepSpec.Initialization

  public var inputs: InputsSpec
  public var kind: Kind
  /// The branches between inputs and heads; a linear model has the wide one alone.
  public var deep: DeepSpec
  public var cross: CrossSpec
  public var interactions: InteractionsSpec
  /// A linear part beside the network: one weight a category row and a numeric input for each output.
  public var wide: Bool
  /// What is predicted; at least one. Labels of a batch stand in this order, and versions are judged by the first.
  public var heads: [HeadSpec]
  public var optimizers: OptimizersSpec
  /// The recipe's members instead of branches: inputs and the one head say the rest. nil: there are branches.
  public var recipe: RecipePreset?
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
    inputs = InputsSpec(numbers: numbers, categories: categories, weighted: weighted, inputClip: inputClip)
    self.kind = kind
    deep = DeepSpec(
      hidden: hidden, activation: activation, activationLimit: activationLimit, normalization: normalization,
      initialization: initialization, dropout: dropout, residual: residual, activationL1: activationL1,
      activationL2: activationL2)
    cross = CrossSpec(crossLayers: crossLayers, crossRank: crossRank)
    interactions = InteractionsSpec(factorization: factorization)
    self.wide = wide
    heads = [HeadSpec(task: task)]
    optimizers = OptimizersSpec(
      optimizer: optimizer, embeddingOptimizer: embeddingOptimizer, wideOptimizer: wideOptimizer, clipping: clipping)
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

extension LearnerSpec {
  public subscript<Value>(dynamicMember path: WritableKeyPath<InputsSpec, Value>) -> Value {
    get { inputs[keyPath: path] }
    set { inputs[keyPath: path] = newValue }
  }

  public subscript<Value>(dynamicMember path: WritableKeyPath<DeepSpec, Value>) -> Value {
    get { deep[keyPath: path] }
    set { deep[keyPath: path] = newValue }
  }

  public subscript<Value>(dynamicMember path: WritableKeyPath<CrossSpec, Value>) -> Value {
    get { cross[keyPath: path] }
    set { cross[keyPath: path] = newValue }
  }

  public subscript<Value>(dynamicMember path: WritableKeyPath<InteractionsSpec, Value>) -> Value {
    get { interactions[keyPath: path] }
    set { interactions[keyPath: path] = newValue }
  }

  public subscript<Value>(dynamicMember path: WritableKeyPath<OptimizersSpec, Value>) -> Value {
    get { optimizers[keyPath: path] }
    set { optimizers[keyPath: path] = newValue }
  }
}

extension LearnerSpec {
  /// The model's canonical text: what must agree between it and a state, part by part of the tree, a line each. All that
  /// decides a buffer's size or a number's meaning; rates, clips and the seed may change over a lineage. What layers and
  /// encoders say for themselves (`signature`) follows it.
  var text: [String] {
    if let recipe { return ["recipe \(recipe.rawValue)"] + heads.map(\.shape) + inputs.text }
    return ["kind \(kind.rawValue)"] + deep.text + cross.text + interactions.text + ["wide \(wide)"] + optimizers.text
      + heads.map(\.shape) + inputs.text
  }
}
