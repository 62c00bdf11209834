extension TrainingSettings.Optimizer {
  static func section(prototype: TrainingSettings.Optimizer) -> Section<TrainingSettings.Optimizer> {
    Section(
      doc: "How a gradient becomes a change.",
      prototype: prototype,
      keys: [
        Key(
          "kind", \.kind, .choice,
          "Adam, stochastic gradient descent, Adagrad, RMSProp, AdamW, AMSGrad, FTRL-Proximal, or Lion."),
        Key(
          "learning_rate", \.learningRate, .number(0...100, isOpenBelow: true),
          "The size of a step. Usual: 0.001 for the Adam family and rmsprop, 0.01 for sgd, 0.05 for adagrad, 0.1 for ftrl,"
            + " 0.0001 for lion."),
        Key(
          "momentum", \.momentum, .number(0...0.9999),
          onlyIf: Condition("is for `kind: sgd` only", "leave it out, or write `kind: sgd`") { $0.kind == .sgd },
          "Share of the last change that goes on."),
        Key(
          "nesterov", \.nesterov, .boolean,
          onlyIf: Condition("needs `kind: sgd` with momentum", "leave it out, or add `momentum: 0.9`") {
            $0.kind == .sgd && ($0.momentum > 0 || !$0.nesterov)
          }, "Momentum that looks one step ahead."),
        Key(
          "beta1", \.beta1, .number(0...0.999999),
          onlyIf: Condition("is for adam, adamw, amsgrad and lion", "leave it out, or change `kind`") {
            $0.kind.isAdam || $0.kind == .lion
          }, "Decay of the mean of gradients."),
        Key(
          "beta2", \.beta2, .number(0...0.99999999),
          onlyIf: Condition("is for adam, adamw, amsgrad, rmsprop and lion", "leave it out, or change `kind`") {
            $0.kind.isAdam || $0.kind == .rmsprop || $0.kind == .lion
          }, "Decay of the mean of squared gradients; lion: of the mean of gradients. Usual: 0.999; rmsprop, lion 0.99."
        ),
        Key(
          "epsilon", \.epsilon, .number(0...1, isOpenBelow: true),
          onlyIf: Condition("means nothing for sgd, ftrl and lion", "leave it out") {
            ![.sgd, .ftrl, .lion].contains($0.kind)
          }, "Keeps the divisor from zero."),
        Key(
          "beta", \.beta, .number(0...1e6, isOpenBelow: true),
          onlyIf: Condition("is for `kind: ftrl` only", "leave it out, or write `kind: ftrl`") { $0.kind == .ftrl },
          "How late the rates of ftrl begin to fall."),
        Key(
          "l1", \.l1, .number(0...1e6), onlyIf: takesPenalties,
          "Penalty on the weights' magnitudes; with ftrl many weights become exactly 0. Biases have none."),
        Key(
          "l2", \.l2, .number(0...1e6), onlyIf: takesPenalties,
          "Penalty on half the weights' squares, as part of the gradient. Biases have none."),
        Key(
          "weight_decay", \.weightDecay, .number(0...100),
          onlyIf: Condition(
            "is not for adam and ftrl", "write `kind: adamw` for Adam with weight decay, or `l2` for a penalty"
          ) { $0.kind != .adam && $0.kind != .ftrl },
          "Share of the weights, times the rate, that each step takes away, apart from the gradient. Biases keep theirs."
            + " Usual: 0.01 for adamw, 0 for others."),
        Key(
          "schedule", \.schedule, TrainingSettings.Schedule.section.kind,
          onlyIf: Condition("contradicts `kind: ftrl`, whose rates fall by themselves", "leave it out") {
            $0.kind != .ftrl
          }, "How the learning rate changes over the steps."),
      ])
  }

  /// AdamW and Lion are made for decay apart from the gradient: in their gradient a penalty loses its size.
  private static var takesPenalties: Condition<TrainingSettings.Optimizer> {
    Condition("loses its meaning in the gradient of adamw and lion", "write `weight_decay`, or change `kind`") {
      $0.kind != .adamw && $0.kind != .lion
    }
  }
}

extension TrainingSettings.Schedule {
  static let section: Section<TrainingSettings.Schedule> = Section(
    doc: "How the learning rate changes over the steps.",
    prototype: TrainingSettings.Schedule(),
    keys: [
      Key("kind", \.kind, .choice, "constant, or the way down after the warm-up."),
      Key(
        "warmup_steps", \.warmupSteps, .integer(0...1_000_000_000),
        "Over this many steps the rate first rises in a straight line; goes with every kind."),
      Key(
        "steps", \.steps, .integer(1...1_000_000_000_000),
        onlyIf: Condition("is for cosine, exponential and inverse_sqrt", "leave it out, or change `kind`") {
          [.cosine, .exponential, .inverseSquareRoot].contains($0.kind)
        },
        "cosine: until the floor is reached; exponential: until the rate has fallen by `factor`; inverse_sqrt: the time"
          + " scale."),
      Key(
        "factor", \.factor, .number(0.000001...0.999999),
        onlyIf: Condition("is for exponential and plateau", "leave it out, or change `kind`") {
          $0.kind == .exponential || $0.kind == .plateau
        }, "By what the rate is multiplied in `steps` steps, or at each plateau."),
      Key(
        "floor", \.floor, .number(0...1),
        onlyIf: Condition("means nothing for a constant rate", "leave it out, or change `kind`") {
          $0.kind != .constant
        }, "The smallest share of the learning rate."),
      Key("patience", \.patience, .integer(1...1_000_000_000), onlyIf: isPlateau, "Steps without a better loss."),
      Key(
        "smoothing", \.smoothing, .integer(1...1_000_000), onlyIf: isPlateau,
        "The loss is averaged over about this many steps."),
    ])

  private static var isPlateau: Condition<TrainingSettings.Schedule> {
    Condition("is for `kind: plateau` only", "leave it out, or write `kind: plateau`") { $0.kind == .plateau }
  }
}
