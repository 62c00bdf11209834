/// How close a kernel's activation is to the true one, over all finite floats.
///
/// A value below FLT_MIN may be flushed to zero, and a subnormal input is zero: that is the learner's arithmetic.
package struct ActivationAccuracy: Sendable {
  /// Of value and derivative: units in the last place of the true result …
  package let valueULP, derivativeULP: Double
  /// … or, where it is near a zero, the absolute distance.
  package let valueBound, derivativeBound: Double
  /// Never falls where the input rises.
  package let isMonotone: Bool

  /// FLT_MIN and half a step of it: what flushing alone can amount to.
  private static let flushed = 0x1.000002p-126

  private init(
    _ valueULP: Double, _ derivativeULP: Double, value: Double = flushed, derivative: Double = flushed,
    isMonotone: Bool = false
  ) {
    self.valueULP = valueULP
    self.derivativeULP = derivativeULP
    valueBound = value
    derivativeBound = derivative
    self.isMonotone = isMonotone
  }

  fileprivate static func of(_ formula: ActivationFormula) -> ActivationAccuracy {
    switch formula {
    case .relu: ActivationAccuracy(0, 0, isMonotone: true)
    case .leakyRelu: ActivationAccuracy(1, 0.5, isMonotone: true)
    // The derivatives of the functions with a minimum are sums of two terms that cancel there. Their values go as
    // x·e^−|x|, and are flushed already where the exponential or the sigmoid is.
    case .gelu: ActivationAccuracy(3, 4, value: 1.2e-37, derivative: 8e-8)
    case .swish: ActivationAccuracy(3, 4, value: 1.04e-36, derivative: 5e-8)
    case .tanh: ActivationAccuracy(4, 4, derivative: 4.71e-38, isMonotone: true)
    case .sigmoid: ActivationAccuracy(3, 4, isMonotone: true)
    case .identity: ActivationAccuracy(0, 0, isMonotone: true)
    case .elu: ActivationAccuracy(2, 2, isMonotone: true)
    case .selu: ActivationAccuracy(3, 3, derivative: 2.1e-38, isMonotone: true)
    case .softplus: ActivationAccuracy(2, 4, isMonotone: true)
    case .mish: ActivationAccuracy(4, 4, value: 1.04e-36, derivative: 8e-8)
    case .relu6: ActivationAccuracy(0, 0, isMonotone: true)
    case .geluExact: ActivationAccuracy(4, 4, derivative: 8e-8)
    case .hardSigmoid: ActivationAccuracy(2, 0.5, isMonotone: true)
    case .hardSwish: ActivationAccuracy(3, 2)
    }
  }
}

extension ActivationFormula {
  package var accuracy: ActivationAccuracy { .of(self) }
}
