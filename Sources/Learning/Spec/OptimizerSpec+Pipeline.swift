import Pipelines

extension OptimizerSpec {
  init(_ settings: TrainingSettings.Optimizer) {
    let kind: Kind =
      switch settings.kind {
      case .adam: .adam
      case .sgd: .sgd
      case .adagrad: .adagrad
      case .rmsprop: .rmsprop
      case .adamw: .adamw
      case .amsgrad: .amsgrad
      case .ftrl: .ftrl
      case .lion: .lion
      }
    self.init(
      kind: kind, learningRate: Float(settings.learningRate), momentum: Float(settings.momentum),
      nesterov: settings.nesterov, beta1: Float(settings.beta1), beta2: Float(settings.beta2),
      epsilon: Float(settings.epsilon), beta: Float(settings.beta), l1: Float(settings.l1), l2: Float(settings.l2),
      weightDecay: Float(settings.weightDecay), schedule: RateSchedule(settings.schedule))
  }
}

extension RateSchedule {
  fileprivate init(_ settings: TrainingSettings.Schedule) {
    let kind: Kind =
      switch settings.kind {
      case .constant: .constant
      case .cosine: .cosine
      case .exponential: .exponential
      case .inverseSquareRoot: .inverseSquareRoot
      case .plateau: .plateau
      }
    self.init(
      kind, warmupSteps: settings.warmupSteps, steps: settings.steps, factor: settings.factor, floor: settings.floor,
      patience: settings.patience, smoothing: settings.smoothing)
  }
}
