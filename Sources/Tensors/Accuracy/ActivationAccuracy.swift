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
    // The derivatives of the functions with a minimum are sums of two terms that cancel there.
    case .gelu: ActivationAccuracy(4, 4, derivative: 8e-8)
    case .swish: ActivationAccuracy(4, 4, derivative: 5e-8)
    case .tanh: ActivationAccuracy(3, 4, isMonotone: true)
    case .sigmoid: ActivationAccuracy(3, 4, isMonotone: true)
    case .identity: ActivationAccuracy(0, 0, isMonotone: true)
    case .elu: ActivationAccuracy(2, 2, isMonotone: true)
    case .selu: ActivationAccuracy(3, 3, derivative: 2.1e-38, isMonotone: true)
    case .softplus: ActivationAccuracy(2, 4, isMonotone: true)
    case .mish: ActivationAccuracy(4, 4, derivative: 8e-8)
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

/// The distance of a result from the true one.
package struct ActivationError {
  /// Units in the last place of the true result, where the absolute bound does not cover it; else 0.
  package var ulp = 0.0
  /// The absolute distance, where more units than allowed are covered by the absolute bound; else 0.
  package var covered = 0.0

  /// - Parameters:
  ///   - ulpMax: From here on the absolute bound must cover.
  package init(_ found: Float, _ truth: Double, ulpMax: Double, bound: Double) {
    // An infinity stands one step beyond the greatest float: right where the truth is no further away than allowed.
    let distance = abs((found.isInfinite ? (found > 0 ? 0x1p128 : -0x1p128) : Double(found)) - bounded(truth))
    if distance == 0 { return }
    let units = distance / unitInTheLastPlace(truth)
    if units > ulpMax && distance <= bound { covered = distance } else { ulp = units }
  }
}

/// A truth that overflows is an infinity's place.
@inline(__always)
private func bounded(_ truth: Double) -> Double { min(max(truth, -0x1p128), 0x1p128) }

/// The step of floats around a number of double precision, at least that at FLT_MIN.
@inline(__always)
package func unitInTheLastPlace(_ truth: Double) -> Double {
  // The exponent of the double, 23 bits lower.
  let exponent = min((truth.bitPattern >> 52) & 0x7ff, 1023 + 127)
  return Double(bitPattern: (max(exponent, 1023 - 126) - 23) << 52)
}
