import Tensors

extension ActivationKind {
  /// Which kernels compute it.
  enum Computation {
    /// `Kernels.activate`.
    case elementwise(ActivationFormula)
    /// `Kernels.prelu`.
    case slopes
    /// `Kernels.gate`: the layer before it has two columns a unit.
    case gate(GateFormula)
    /// `Kernels.softmax`.
    case rowwise(RowFormula)
  }

  var computation: Computation {
    switch self {
    case .relu: .elementwise(.relu)
    case .leakyRelu: .elementwise(.leakyRelu)
    case .prelu: .slopes
    case .elu: .elementwise(.elu)
    case .selu: .elementwise(.selu)
    case .relu6: .elementwise(.relu6)
    case .gelu: .elementwise(.gelu)
    case .geluExact: .elementwise(.geluExact)
    case .swish: .elementwise(.swish)
    case .mish: .elementwise(.mish)
    case .hardSwish: .elementwise(.hardSwish)
    case .softplus: .elementwise(.softplus)
    case .tanh: .elementwise(.tanh)
    case .sigmoid: .elementwise(.sigmoid)
    case .hardSigmoid: .elementwise(.hardSigmoid)
    case .identity: .elementwise(.identity)
    case .softmax: .rowwise(.softmax)
    case .logSoftmax: .rowwise(.logSoftmax)
    case .glu: .gate(.glu)
    case .swiglu: .gate(.swiglu)
    case .geglu: .gate(.geglu)
    case .reglu: .gate(.reglu)
    }
  }

  /// Half of the layer's columns are gates, so that it answers half as many units.
  public var isGate: Bool { if case .gate = computation { true } else { false } }
  /// One learned slope a unit.
  public var hasSlope: Bool { if case .slopes = computation { true } else { false } }
  /// Where a PReLU's slopes begin.
  ///
  /// - Source: He et al. 2015, "Delving deep into rectifiers", section 2.1.
  static let initialSlope: Float = 0.25

  /// What `LearnerSpec.Initialization.auto` means for weights before it.
  ///
  /// He for what is zero or small on one side, whose outputs have half of the inputs' variance; LeCun for SELU, whose
  /// fixed point is a variance of 1; Glorot for what is nearly linear around 0, or bounded on both sides.
  var initialization: LearnerSpec.Initialization {
    switch self {
    case .relu, .leakyRelu, .prelu, .elu, .relu6, .gelu, .geluExact, .swish, .mish, .hardSwish, .softplus,
      .swiglu, .geglu, .reglu:
      .he
    case .selu: .lecun
    case .tanh, .sigmoid, .hardSigmoid, .identity, .softmax, .logSoftmax, .glu: .glorot
    }
  }
}
