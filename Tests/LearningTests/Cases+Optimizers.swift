import Learning

extension Case {
  /// Every optimiser for all parameters, and what goes with optimisers: groups, penalties, schedules, clipping.
  static var optimizers: [Case] {
    var cases = OptimizerSpec.Kind.allCases.map { kind in
      let optimizer = OptimizerSpec(kind: kind, learningRate: 0.02, momentum: kind == .sgd ? 0.9 : 0)
      return Case(
        name: "\(kind.rawValue) for all",
        spec: spec(
          wide: true, optimizer: optimizer, rows: optimizer, clipping: GradientClipping(globalNorm: 0.3, value: 0.05)))
    }
    func change(_ name: String, _ body: (inout LearnerSpec) -> Void) {
      var changed = spec(layerNorm: true, wide: true)
      body(&changed)
      cases.append(Case(name: name, spec: changed))
    }
    change("FTRL for the wide part") {
      $0.wideOptimizer = OptimizerSpec(kind: .ftrl, learningRate: 0.1, l1: 0.001, l2: 0.01)
    }
    change("FTRL for the wide part of three classes") {
      $0.task = .multiclass(classes: 3)
      $0.wideOptimizer = OptimizerSpec(kind: .ftrl, learningRate: 0.1, l1: 0.001)
    }
    change("penalties and Nesterov's momentum") {
      $0.optimizer = OptimizerSpec(kind: .sgd, learningRate: 0.02, momentum: 0.8, nesterov: true, l1: 0.001, l2: 0.01)
      $0.embeddingOptimizer = OptimizerSpec(kind: .adagrad, learningRate: 0.05, l1: 0.001, l2: 0.01)
    }
    change("decay") {
      $0.optimizer = OptimizerSpec(kind: .adamw, learningRate: 0.02, weightDecay: 0.1)
      $0.embeddingOptimizer = OptimizerSpec(kind: .rmsprop, learningRate: 0.01, weightDecay: 0.1)
    }
    change("warm-up, cosine and exponential") {
      $0.optimizer.schedule = RateSchedule(.cosine, warmupSteps: 2, steps: 5, floor: 0.1)
      $0.embeddingOptimizer.schedule = RateSchedule(.exponential, warmupSteps: 1, steps: 2)
      $0.wideOptimizer = OptimizerSpec(
        kind: .adam, learningRate: 0.01, schedule: RateSchedule(.inverseSquareRoot, steps: 2))
    }
    change("plateau") {
      $0.optimizer.schedule = RateSchedule(.plateau, patience: 2, smoothing: 1)
    }
    change("clipping of layers and units") {
      $0.clipping = GradientClipping(globalNorm: 0.2, value: 0.1, layerNorm: 0.1, adaptive: 0.02)
    }
    return cases
  }
}
