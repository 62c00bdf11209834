extension TrainingSettings {
  static let section: Section<TrainingSettings> = Section(
    doc: "How the model learns.",
    prototype: TrainingSettings(),
    keys: [
      Key(
        "workers", \.workers, .integer(1...1024),
        "Processes that share the work. They change how fast the stream is learned, not what is learned."),
      Key(
        "records_per_partition", \.recordsPerPartition, .integer(1...65_536),
        onlyIf: Condition(
          "contradicts `records_per_step`, which says it for all partitions together", "leave one of them out"
        ) {
          $0.recordsPerStep == nil
        },
        "Valid records a step takes from each partition, at most. Small steps learn more from a record, large ones take more records a second."
      ),
      Key(
        "records_per_step", \.recordsPerStep, .ifGiven(.integer(1...4_194_304)),
        "Valid records a step takes in all, at most, dealt over the partitions in a fixed rotation; unless steps are reproducible, a worker takes from its other partitions what one does not have. So steps stay small where there are many partitions. Instead of records_per_partition."
      ),
      Key(
        "linger", \.linger, .duration(.zero ... .seconds(3600)),
        onlyIf: Condition("contradicts `reproducible: true`: steps then wait for full shares", "leave one of them out")
        {
          !$0.reproducible
        }, "How long a step waits for a partition with too few records."),
    ] + optimizerKeys.map { $0.only(bringsNone) } + [
      Key(
        "non_finite_budget", \.nonFiniteBudget, .integer(0...1_000_000_000),
        "At most this many records of 100000 may be rejected as non_finite: a burst of more, or a lasting share above it, halts the pipeline. The next start begins to count anew."
      ),
      Key(
        "ledger", \.ledger, .boolean,
        "Stores every step's offset ranges and decisions, for as long as checkpoint.keep_daily says: 'audit --ledger', 'forget', 'incident culprit' and 'incident reproduce' need them."
      ),
      Key(
        "reproducible", \.reproducible, .boolean,
        "Steps wait for full shares, whatever it costs, so that the same stream gives the same bits."),
      Key(
        "memory_max", \.memoryMax, .ifGiven(.bytes((1 << 20)...(1 << 46))),
        "What all workers that run on one machine may take together, such as 8GiB: a model that needs more is refused before anything runs. Without it what the machine has, or the control group that the process is in."
      ),
      Key(
        "peer_timeout", \.peerTimeout, .duration(.milliseconds(100) ... .seconds(3600)),
        "A worker that is silent for this long is a lost one."),
    ])

  private static let bringsNone = Condition<TrainingSettings>(
    "means nothing for a model that brings its optimisers itself", "leave it out"
  ) { $0.isRecipe != true }

  /// How weights follow their gradients.
  static var optimizerKeys: [Key<TrainingSettings>] {
    [
      Key(
        "optimizer", \.optimizer, Optimizer.section(prototype: TrainingSettings().optimizer).kind,
        "Of the dense parameters."),
      Key(
        "embedding_optimizer", \.embeddingOptimizer,
        Optimizer.section(prototype: TrainingSettings().embeddingOptimizer).kind, "Of the embedding rows."),
      Key(
        "wide_optimizer", \.wideOptimizer, .ifGiven(Optimizer.section(prototype: Optimizer(kind: .ftrl)).kind),
        "Of the wide part; left out: its category rows as embedding_optimizer, its numeric weights as optimizer."),
      Key(
        "clip_global_norm", \.clipGlobalNorm, .optional(.number(0...1e9, isOpenBelow: true)),
        "The largest global L2 norm of a gradient; the last of the clippings."),
      Key(
        "clip_value", \.clipValue, .optional(.number(0...1e9, isOpenBelow: true)),
        "The largest magnitude of one gradient value; the first of the clippings."),
      Key(
        "clip_adaptive", \.clipAdaptive, .optional(.number(0...10, isOpenBelow: true)),
        "The largest ratio of a hidden unit's gradient norm to its weights' norm, about 0.01; the second."),
      Key(
        "clip_layer_norm", \.clipLayerNorm, .optional(.number(0...1e9, isOpenBelow: true)),
        "The largest L2 norm of one layer's gradient, a category's embedding rows being a layer; the third."),
    ]
  }
}
