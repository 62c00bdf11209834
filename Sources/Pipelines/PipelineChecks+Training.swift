// What the optimisers and the clipping of a pipeline ask of each other and of the model.
extension PipelineChecks {
  func checkOptimizers() {
    guard reader.trusts("training"), reader.trusts("model") else { return }
    let training = pipeline.training
    check(training.optimizer, "training.optimizer")
    check(training.embeddingOptimizer, "training.embedding_optimizer")
    if let wide = training.wideOptimizer {
      check(wide, "training.wide_optimizer")
      if !pipeline.model.wide, pipeline.model.kind == .network {
        note(
          "training.wide_optimizer", "the model has no wide part",
          "leave the optimizer out, or write `wide: true` in model")
      }
    }
    let model = pipeline.model
    if training.clipAdaptive != nil, model.kind == .linear || (model.hidden.isEmpty && model.crossLayers == 0) {
      note(
        "training.clip_adaptive", "`clip_adaptive` clips the units of hidden and cross layers, and the model has none",
        "leave it out, or use clip_layer_norm")
    }
  }

  private func check(_ optimizer: TrainingSettings.Optimizer, _ path: String) {
    if optimizer.l2 > 0, optimizer.weightDecay > 0 {
      note(
        "\(path).l2", "`l2` and `weight_decay` of one optimizer both shrink its weights", "keep one of them")
    }
    if optimizer.weightDecay * optimizer.learningRate >= 1 {
      note(
        "\(path).weight_decay", "`weight_decay` times the learning rate is 1 or more: each step takes all of a weight",
        "write a smaller one, such as 0.01")
    }
    let schedule = optimizer.schedule
    if schedule.kind == .plateau, schedule.smoothing > schedule.patience {
      note(
        "\(path).schedule.patience", "a plateau's `smoothing` (\(schedule.smoothing)) is longer than its `patience`",
        "write a patience above it: the mean must have had time to move")
    }
  }
}
