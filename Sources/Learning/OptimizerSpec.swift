/// How parameters follow their gradient.
public struct OptimizerSpec: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// Kingma & Ba 2015, algorithm 1. On embedding rows: only touched rows move, with the step's bias correction.
    case adam
    /// v ← μ·v + g, w ← w − η·v.
    case sgd
    /// Duchi, Hazan & Singer 2011; one sum an element, or one sum (of the mean square) an embedding row.
    case adagrad
  }

  public var kind: Kind
  public var learningRate: Float
  /// SGD only.
  public var momentum: Float
  /// Adam only.
  public var beta1: Float
  /// Adam only.
  public var beta2: Float
  /// Adam and Adagrad.
  public var epsilon: Float

  public init(
    kind: Kind, learningRate: Float, momentum: Float = 0, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-8
  ) {
    self.kind = kind
    self.learningRate = learningRate
    self.momentum = momentum
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }
}
