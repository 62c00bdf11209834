extension ModelSettings {
  /// Hidden layers as the file says them: a remedy may change them.
  public var hasOwnHiddenLayers: Bool { kind == .network && preset == nil && !hidden.isEmpty }

  /// What a sick layer's activation is swapped for: what gives zeros for one that does not, what saturates for one that grows on.
  /// nil: nothing is known that would mend it.
  ///
  /// - Source: Maas et al. 2013, Rectifier Nonlinearities (leaky ReLU); Glorot & Bengio 2010 (saturation); Hendrycks & Gimpel 2016
  ///   (GELU).
  public var remedialActivation: String? {
    guard hasOwnHiddenLayers else { return nil }
    return switch activation {
    case "relu", "relu6", "hard_swish": "leaky_relu"
    case "tanh", "sigmoid", "hard_sigmoid", "softmax", "log_softmax": "gelu"
    case "reglu", "glu": "swiglu"
    default: nil
    }
  }
}
