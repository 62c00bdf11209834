public import Pipelines

extension LearnerSpec {
  /// The learner that a pipeline describes; the columns are those that `Ingest` writes.
  public init(_ pipeline: Pipeline) {
    let model = pipeline.model
    let training = pipeline.training
    self.init(
      numbers: pipeline.schema.numericFeatures.map {
        NumberInput(name: $0.name, standardize: $0.normalize == .standard, missingIndicator: $0.missingIndicator)
      },
      categories: pipeline.schema.categoryInputs.map {
        var input = CategoryInput(
          name: $0.name, buckets: $0.buckets, dimension: $0.dimension, slots: $0.valuesMax,
          combiner: CategoryInput.Combiner($0.combine), ownRows: $0.ownRows, listed: $0.values.count)
        if model.preset != nil { input.values = $0.values }
        return input
      },
      weighted: pipeline.schema.sparseFeatures.map {
        WeightedInput(name: $0.name, rows: $0.buckets, dimension: $0.dimension, activates: false)
      },
      inputClip: Float(model.inputClip), kind: model.kind == .linear ? .linear : .network, wide: model.wide,
      task: .binary,
      optimizer: OptimizerSpec(training.optimizer), embeddingOptimizer: OptimizerSpec(pipeline.embeddingOptimizer),
      wideOptimizer: pipeline.wideOptimizer.map { OptimizerSpec($0) },
      clipping: GradientClipping(
        globalNorm: training.clipGlobalNorm.map { Float($0) }, value: training.clipValue.map { Float($0) },
        layerNorm: training.clipLayerNorm.map { Float($0) }, adaptive: training.clipAdaptive.map { Float($0) }),
      seed: model.seed, histogramEvery: pipeline.health.histogramEvery)
    (deep, cross, interactions) = (DeepSpec(model), CrossSpec(model), InteractionsSpec(model))
    recipe = model.preset.flatMap { RecipePreset(rawValue: $0.rawValue) }
    heads = pipeline.heads.enumerated().map { HeadSpec($1, isPrimary: $0 == 0) }
  }
}

extension HeadSpec {
  fileprivate init(_ head: HeadSettings, isPrimary: Bool) {
    let task: LearnerSpec.Task =
      switch head.task {
      case .binary: .binary
      case .multiclass: .multiclass(classes: head.label.classRoom)
      case .regression: .regression
      }
    let temperature: Temperature =
      switch head.temperature {
      case .fixed(let value): .fixed(Float(value))
      case .learned: .learned
      }
    self.init(
      name: isPrimary ? "" : head.name, task: task, loss: LossSpec(head.effectiveLoss), weight: Float(head.weight),
      labelSmoothing: Float(head.labelSmoothing), classWeights: head.classWeights.map { Float($0) },
      temperature: temperature)
    if head.task == .multiclass, head.label.findsClasses { known = head.label.classes.count }
  }
}

extension LossSpec {
  fileprivate init(_ loss: LossSettings) {
    switch loss.kind {
    case .crossEntropy: self = .crossEntropy
    case .focal: self = .focal(gamma: Float(loss.gamma))
    case .squared: self = .squared
    case .huber: self = .huber(delta: Float(loss.delta))
    case .quantile: self = .quantile(level: Float(loss.level))
    case .poisson: self = .poisson
    }
  }
}

extension CategoryInput.Combiner {
  fileprivate init(_ combine: FeatureSettings.Combine) {
    switch combine {
    case .sum: self = .sum
    case .mean: self = .mean
    case .squareRoot: self = .squareRoot
    }
  }
}
