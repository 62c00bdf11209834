extension TrainingSettings {
  static let section = Section(
    doc: "How the model learns.",
    prototype: TrainingSettings(),
    keys: [
      Key(
        "workers", \.workers, .integer(1...1024),
        "Processes that share the work. They change how fast the stream is learned, not what is learned."),
      Key(
        "records_per_partition", \.recordsPerPartition, .integer(1...65_536),
        "Valid records a step takes from each partition, at most."),
      Key(
        "linger", \.linger, .duration(.zero ... .seconds(3600)),
        onlyIf: Condition("contradicts `reproducible: true`: steps then wait for full shares", "leave one of them out")
        {
          !$0.reproducible
        }, "How long a step waits for a partition with too few records."),
      Key(
        "optimizer", \.optimizer, Optimizer.section(prototype: TrainingSettings().optimizer).kind,
        "Of the dense parameters."),
      Key(
        "embedding_optimizer", \.embeddingOptimizer,
        Optimizer.section(prototype: TrainingSettings().embeddingOptimizer).kind, "Of the embedding rows."),
      Key(
        "clip_global_norm", \.clipGlobalNorm, .optional(.number(0...1e9, isOpenBelow: true)),
        "The largest global L2 norm of a gradient."),
      Key(
        "clip_value", \.clipValue, .optional(.number(0...1e9, isOpenBelow: true)),
        "The largest magnitude of one gradient value."),
      Key(
        "non_finite_budget", \.nonFiniteBudget, .integer(0...1_000_000_000),
        "After this many records rejected as non_finite the pipeline is halted."),
      Key("ledger", \.ledger, .boolean, "Stores every step's offset ranges, for audit --ledger."),
      Key(
        "reproducible", \.reproducible, .boolean,
        "Steps wait for full shares, whatever it costs, so that the same stream gives the same bits."),
      Key(
        "peer_timeout", \.peerTimeout, .duration(.milliseconds(100) ... .seconds(3600)),
        "A worker that is silent for this long is a lost one."),
    ])
}

extension TrainingSettings.Optimizer {
  static func section(prototype: TrainingSettings.Optimizer) -> Section<TrainingSettings.Optimizer> {
    Section(
      doc: "How a gradient becomes a change.",
      prototype: prototype,
      keys: [
        Key("kind", \.kind, .choice, "Adam, stochastic gradient descent, or Adagrad."),
        Key("learning_rate", \.learningRate, .number(0...100, isOpenBelow: true), "The size of a step."),
        Key(
          "momentum", \.momentum, .number(0...0.9999),
          onlyIf: Condition("is for `kind: sgd` only", "leave it out, or write `kind: sgd`") { $0.kind == .sgd },
          "Share of the last change that goes on."),
        Key("beta1", \.beta1, .number(0...0.999999), onlyIf: isAdam, "Decay of the mean of gradients."),
        Key("beta2", \.beta2, .number(0...0.99999999), onlyIf: isAdam, "Decay of the mean of squared gradients."),
        Key(
          "epsilon", \.epsilon, .number(0...1, isOpenBelow: true),
          onlyIf: Condition("means nothing for `kind: sgd`", "leave it out") { $0.kind != .sgd },
          "Keeps the divisor from zero."),
      ])
  }

  private static var isAdam: Condition<TrainingSettings.Optimizer> {
    Condition("is for `kind: adam` only", "leave it out, or write `kind: adam`") { $0.kind == .adam }
  }
}
