public import Vocabulary

extension Pipeline {
  /// This pipeline as a lineage learns it that was begun with something otherwise than its file says.
  public func with(_ overrides: LearningOverrides) -> Pipeline {
    var pipeline = self
    if let rate = overrides.learningRate?.inForce(training.optimizer.learningRate) {
      pipeline.training.optimizer.learningRate = rate
    }
    if let clip = overrides.clipGlobalNorm { pipeline.training.clipGlobalNorm = clip.inForce(training.clipGlobalNorm) }
    return pipeline
  }

  /// Overrides of what the file says now.
  public func overriding(learningRate: Double? = nil, clipGlobalNorm: Double? = nil) -> LearningOverrides {
    LearningOverrides(
      learningRate: learningRate.map { .init(file: training.optimizer.learningRate, instead: $0) },
      clipGlobalNorm: clipGlobalNorm.map { .init(file: training.clipGlobalNorm, instead: $0) })
  }
}
