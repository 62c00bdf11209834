/// The activations that take one number to one number, which `Kernels.activate` knows.
package enum ActivationFormula: UInt32, Sendable, CaseIterable {
  case relu = 0
  case leakyRelu = 1
  /// The tanh form.
  case gelu = 2
  case swish = 3
  case tanh = 4
  case sigmoid = 5
  case identity = 6
  case elu = 7
  case selu = 8
  case softplus = 9
  case mish = 10
  case relu6 = 11
  /// The form with the normal distribution's own integral.
  case geluExact = 12
  case hardSigmoid = 13
  case hardSwish = 14

  /// The way back reads f′ from the forward pass rather than from the outputs.
  package var keepsDerivative: Bool { self != .relu && self != .leakyRelu && self != .identity }

  /// As pipelines and benchmarks write it.
  package var name: String {
    switch self {
    case .leakyRelu: "leaky_relu"
    case .geluExact: "gelu_exact"
    case .hardSigmoid: "hard_sigmoid"
    case .hardSwish: "hard_swish"
    default: "\(self)"
    }
  }
}

/// Gated linear units: y = value · f(gate), f the sigmoid, swish, gelu (tanh form) or relu.
package enum GateFormula: UInt32, Sendable, CaseIterable {
  case glu = 0
  case swiglu = 1
  case geglu = 2
  case reglu = 3
}

/// Activations whose outputs depend on all of a row.
package enum RowFormula: UInt32, Sendable, CaseIterable {
  case softmax = 0
  case logSoftmax = 1
}
