/// What the numbers of a model mean: where each input stands in a record and what becomes of it, the labels with their
/// classes in order, and the shape of the model.
///
/// Weights are worth nothing without it, so every checkpoint carries the one that it was learned under, and whoever reads
/// the weights reads them with that, whatever the pipeline file says by now.
public struct DataContract: Sendable, Hashable {
  public var schema: FeatureSchema
  public var model: ModelSettings
  /// Of the optimisers, the kinds alone: they decide what is remembered of each parameter. Rates are the file's.
  public var optimizers: Optimizers

  public struct Optimizers: Sendable, Hashable {
    public var dense: TrainingSettings.OptimizerKind
    public var embeddings: TrainingSettings.OptimizerKind
    /// nil: the wide part has none of its own.
    public var wide: TrainingSettings.OptimizerKind?
  }

  public init(_ pipeline: Pipeline) {
    schema = pipeline.schema
    for index in schema.features.indices where schema.features[index].type == .timestamp {
      schema.features[index].origin = schema.features[index].originInForce
    }
    model = pipeline.model
    optimizers = Optimizers(
      dense: pipeline.training.optimizer.kind, embeddings: pipeline.training.embeddingOptimizer.kind,
      wide: pipeline.training.wideOptimizer?.kind)
  }
}

extension Pipeline {
  /// This pipeline, with the meaning that weights were learned under: limits, threads and addresses stay as they are.
  public func under(_ contract: DataContract) -> Pipeline {
    var pipeline = self
    pipeline.schema = contract.schema
    pipeline.model = contract.model
    func set(_ optimizer: inout TrainingSettings.Optimizer, _ kind: TrainingSettings.OptimizerKind) {
      if optimizer.kind != kind { optimizer = TrainingSettings.Optimizer(kind: kind) }
    }
    set(&pipeline.training.optimizer, contract.optimizers.dense)
    set(&pipeline.training.embeddingOptimizer, contract.optimizers.embeddings)
    if let kind = contract.optimizers.wide {
      var optimizer = training.wideOptimizer ?? TrainingSettings.Optimizer(kind: kind)
      set(&optimizer, kind)
      pipeline.training.wideOptimizer = optimizer
    } else {
      pipeline.training.wideOptimizer = nil
    }
    return pipeline
  }
}
