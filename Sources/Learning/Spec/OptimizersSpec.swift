/// How a model's parameters follow their gradients, one optimiser a parameter group.
public struct OptimizersSpec: Sendable, Hashable, Codable {
  public var optimizer: OptimizerSpec
  public var embeddingOptimizer: OptimizerSpec
  /// The wide part; nil: its category rows as `embeddingOptimizer`, its numeric weights as `optimizer`.
  public var wideOptimizer: OptimizerSpec?
  public var clipping: GradientClipping

  /// Rates and clips may change over a lineage.
  var text: [String] {
    [
      "optimizer \(optimizer.kind.rawValue)", "embedding_optimizer \(embeddingOptimizer.kind.rawValue)",
      "wide_optimizer \(wideOptimizer?.kind.rawValue ?? "none")",
    ]
  }
}
