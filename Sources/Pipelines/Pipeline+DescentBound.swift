extension Pipeline {
  /// The largest rate with which a plain descent on rows cannot overshoot without end; nil: every prediction is of classes,
  /// whose gradients are below 1 however wrong it is.
  ///
  /// The error of a value, in deviations of the label, has no bound. A record moves each of the rows that it touches by
  /// rate · error, and so its own prediction by rate · error · rows (of a wide part, with one weight a row): a rate beyond
  /// two over the rows makes each error larger than the one before.
  private var descentBound: Double? {
    guard heads.contains(where: { $0.task == .regression }) else { return nil }
    let rows = schema.categoryInputs.reduce(0.0) { sum, feature in
      sum + Double(feature.combine == .sum ? feature.valuesMax : 1)
    }
    // Weights that are divided by their norm are together 1 at most; others count with their squares.
    let pairs = schema.sparseFeatures.reduce(0.0) { sum, feature in
      guard feature.norm == .none else { return sum + 1 }
      let most = feature.clip.map { max(abs($0.lowerBound), abs($0.upperBound)) } ?? 1
      return sum + Double(feature.pairsMax) * max(1, most * most)
    }
    return 1 / (rows + pairs + 1)
  }

  private func bounded(_ optimizer: TrainingSettings.Optimizer) -> TrainingSettings.Optimizer {
    guard optimizer.kind == .sgd, let bound = descentBound else { return optimizer }
    var bounded = optimizer
    // Momentum repeats a step 1 / (1 − momentum) times.
    bounded.learningRate = min(optimizer.learningRate, bound * (1 - optimizer.momentum))
    return bounded
  }

  /// `training.embedding_optimizer` as it is in force.
  public var embeddingOptimizer: TrainingSettings.Optimizer { bounded(training.embeddingOptimizer) }
  /// `training.wide_optimizer` as it is in force; nil: the wide part's rows follow that of the embeddings.
  public var wideOptimizer: TrainingSettings.Optimizer? { training.wideOptimizer.map { bounded($0) } }

  /// The settings whose rate is bounded, with what they say and what is in force.
  var boundedRates: [(key: String, given: Double, inForce: Double)] {
    let rates: [(key: String, given: Double, inForce: Double)] = [
      ("embedding_optimizer", training.embeddingOptimizer.learningRate, embeddingOptimizer.learningRate),
      ("wide_optimizer", training.wideOptimizer?.learningRate ?? 0, wideOptimizer?.learningRate ?? 0),
    ]
    return rates.filter { $0.given != $0.inForce }
  }
}
