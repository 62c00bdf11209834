/// The network: `model:` of the pipeline file.
public struct ModelSettings: Sendable, Hashable, Codable {
  public enum Task: String, Sendable, Hashable, Codable, CaseIterable { case binary, multiclass, regression }
  public enum Normalization: String, Sendable, Hashable, Codable, CaseIterable { case none, layerNorm = "layer_norm" }
  public enum Initialization: String, Sendable, Hashable, Codable, CaseIterable { case auto, he, glorot }

  public var task: Task
  /// Widths of the hidden layers; empty: a linear model on the inputs.
  public var hidden: [Int] = [64, 32]
  /// One of `Learning`'s activations: relu, leaky_relu, gelu, swish, tanh, sigmoid, identity.
  public var activation: String = "relu"
  public var normalization: Normalization = .none
  /// `auto` follows the activation.
  public var initialization: Initialization = .auto
  /// A linear part beside the network: one weight a category row and a numeric input, added to the output.
  public var wide: Bool = false
  /// Standardised inputs are clipped to ± this many standard deviations.
  public var inputClip: Double = 5
  public var seed: UInt64 = 1

  public init(task: Task) { self.task = task }
}
