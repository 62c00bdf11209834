import Pipelines

extension LearnerSpec {
  /// The learner that a pipeline describes; the columns are those that `Ingest` writes.
  public init(_ pipeline: Pipeline) {
    let model = pipeline.model
    let training = pipeline.training
    guard let activation = ActivationKind(rawValue: model.activation) else {
      preconditionFailure("the parser let the unknown activation '\(model.activation)' through")
    }
    self.init(
      numbers: pipeline.schema.numericFeatures.map {
        NumberInput(name: $0.name, standardize: $0.normalize == .standard, missingIndicator: $0.missingIndicator)
      },
      categories: pipeline.schema.categoryFeatures.map {
        CategoryInput(name: $0.name, buckets: $0.buckets, dimension: $0.dimension)
      },
      inputClip: Float(model.inputClip), hidden: model.hidden, activation: activation,
      normalization: model.normalization == .layerNorm ? .layerNorm : .none,
      initialization: Initialization(model.initialization), wide: model.wide,
      task: Task(model.task, classes: pipeline.schema.label.classes.count),
      optimizer: OptimizerSpec(training.optimizer), embeddingOptimizer: OptimizerSpec(training.embeddingOptimizer),
      clipping: GradientClipping(
        globalNorm: training.clipGlobalNorm.map { Float($0) }, value: training.clipValue.map { Float($0) }),
      seed: model.seed, histogramEvery: pipeline.health.histogramEvery)
  }
}

extension LearnerSpec.Task {
  fileprivate init(_ task: ModelSettings.Task, classes: Int) {
    switch task {
    case .binary: self = .binary
    case .multiclass: self = .multiclass(classes: classes)
    case .regression: self = .regression
    }
  }
}

extension LearnerSpec.Initialization {
  fileprivate init(_ initialization: ModelSettings.Initialization) {
    switch initialization {
    case .auto: self = .auto
    case .he: self = .he
    case .glorot: self = .glorot
    }
  }
}

extension OptimizerSpec {
  fileprivate init(_ settings: TrainingSettings.Optimizer) {
    let kind: Kind =
      switch settings.kind {
      case .adam: .adam
      case .sgd: .sgd
      case .adagrad: .adagrad
      }
    self.init(
      kind: kind, learningRate: Float(settings.learningRate), momentum: Float(settings.momentum),
      beta1: Float(settings.beta1), beta2: Float(settings.beta2), epsilon: Float(settings.epsilon))
  }
}
