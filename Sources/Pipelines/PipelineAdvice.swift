extension Pipeline {
  /// What is no mistake and may still not be what is meant, a sentence each.
  public var advice: [String] {
    source.remarks + steepDescents + unservedCanary
  }

  /// The stage is there, and the traffic is not.
  private var unservedCanary: [String] {
    guard rollout.canaryShare > 0 else { return [] }
    return [
      "rollout.canary_share is \(rollout.canaryShare): a version is a canary for a while before it is stable, and is judged on "
        + "the stream meanwhile; servers send it no live requests yet"
    ]
  }

  /// A plain step of that rate is usual for probabilities, whose gradients are below 1; errors of a value are not.
  private var steepDescents: [String] {
    guard let head = heads.first(where: { $0.task == .regression }) else { return [] }
    let rows = [
      ("optimizer", training.optimizer), ("embedding_optimizer", training.embeddingOptimizer),
      ("wide_optimizer", training.wideOptimizer ?? training.embeddingOptimizer),
    ]
    return rows.prefix(training.wideOptimizer == nil ? 2 : 3).compactMap { key, optimizer in
      guard optimizer.kind == .sgd, optimizer.learningRate > 0.1 else { return nil }
      return """
        training.\(key) is sgd with the rate \(optimizer.learningRate), and the output `\(head.name)` is a value: such a step may \
        overshoot without end; adagrad, the default of embeddings, is safe, or a rate of 0.05
        """
    }
  }
}
