import Tensors

/// The activations of hidden layers. Each is one branch-free formula that gives no NaN for a finite input.
public enum ActivationKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// max(0, x).
  case relu
  /// x where x > 0, else x / 100.
  case leakyRelu = "leaky_relu"
  /// The *tanh form* of the Gaussian error linear unit: x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³))).
  ///
  /// - Source: Hendrycks & Gimpel 2016, "Gaussian error linear units", the approximation in section 2.
  case gelu
  /// x · sigmoid(x), also called SiLU.
  ///
  /// - Source: Ramachandran, Zoph & Le 2017, "Searching for activation functions".
  case swish
  case tanh
  case sigmoid
  case identity
}

extension ActivationKind {
  /// The kernels' name of it.
  var formula: ActivationFormula {
    switch self {
    case .relu: .relu
    case .leakyRelu: .leakyRelu
    case .gelu: .gelu
    case .swish: .swish
    case .tanh: .tanh
    case .sigmoid: .sigmoid
    case .identity: .identity
    }
  }

  /// What `LearnerSpec.Initialization.auto` means for weights before it.
  var initialization: LearnerSpec.Initialization {
    switch self {
    case .relu, .leakyRelu, .gelu, .swish: .he
    case .tanh, .sigmoid, .identity: .glorot
    }
  }
}
