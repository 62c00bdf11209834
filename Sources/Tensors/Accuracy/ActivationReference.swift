import Foundation

/// The activations and their derivatives in double precision, each written so that it is itself relatively accurate.
package struct ActivationReference {
  package let value, derivative: Double

  @inline(__always)
  private init(_ value: Double, _ derivative: Double) {
    self.value = value
    self.derivative = derivative
  }
}

extension ActivationFormula {
  /// Value and derivative at x; any x but NaN.
  package func reference(_ x: Double) -> ActivationReference {
    var result: ActivationReference?
    forEach([x]) { _, reference in result = reference }
    return result ?? .identity(x)
  }

  /// Value and derivative at each of `inputs`, with the formula chosen once.
  @inline(__always)
  package func forEach<Inputs: Sequence>(
    _ inputs: Inputs, _ body: (Double, ActivationReference) -> Void
  ) where Inputs.Element == Double {
    switch self {
    case .relu: for x in inputs { body(x, .relu(x)) }
    case .leakyRelu: for x in inputs { body(x, .leakyRelu(x)) }
    case .gelu: for x in inputs { body(x, .gelu(x)) }
    case .swish: for x in inputs { body(x, .swish(x)) }
    case .tanh: for x in inputs { body(x, .tanh(x)) }
    case .sigmoid: for x in inputs { body(x, .sigmoid(x)) }
    case .identity: for x in inputs { body(x, .identity(x)) }
    case .elu: for x in inputs { body(x, .elu(x)) }
    case .selu: for x in inputs { body(x, .selu(x)) }
    case .softplus: for x in inputs { body(x, .softplus(x)) }
    case .mish: for x in inputs { body(x, .mish(x)) }
    case .relu6: for x in inputs { body(x, .relu6(x)) }
    case .geluExact: for x in inputs { body(x, .geluExact(x)) }
    case .hardSigmoid: for x in inputs { body(x, .hardSigmoid(x)) }
    case .hardSwish: for x in inputs { body(x, .hardSwish(x)) }
    }
  }
}

extension ActivationReference {
  fileprivate typealias This = ActivationReference

  fileprivate static func relu(_ x: Double) -> This { This(max(0, x), x > 0 ? 1 : 0) }
  fileprivate static func leakyRelu(_ x: Double) -> This { x > 0 ? This(x, 1) : This(x / 100, 0.01) }
  fileprivate static func identity(_ x: Double) -> This { This(x, 1) }
  fileprivate static func relu6(_ x: Double) -> This { This(min(max(0, x), 6), x > 0 && x < 6 ? 1 : 0) }

  fileprivate static func hardSigmoid(_ x: Double) -> This {
    This(min(max(0, x + 3), 6) / 6, abs(x) < 3 ? 1.0 / 6 : 0)
  }

  fileprivate static func hardSwish(_ x: Double) -> This {
    if x <= -3 { return This(0, 0) }
    return x >= 3 ? This(x, 1) : This(x * (x + 3) / 6, (2 * x + 3) / 6)
  }

  fileprivate static func elu(_ x: Double) -> This { x > 0 ? This(x, 1) : This(expm1(x), exp(x)) }

  fileprivate static func selu(_ x: Double) -> This {
    let (lambda, alpha) = (1.0507009873554804934, 1.6732632423543772848)
    return x > 0 ? This(lambda * x, lambda) : This(lambda * alpha * expm1(x), lambda * alpha * exp(x))
  }

  /// σ(v) and σ(v)·(1 − σ(v)).
  private static func logistic(_ v: Double) -> (value: Double, slope: Double) {
    let e = exp(-abs(v))
    let r = 1 / (1 + e)
    return (v >= 0 ? r : e * r, e * r * r)
  }

  fileprivate static func sigmoid(_ x: Double) -> This {
    let (value, slope) = logistic(x)
    return This(value, slope)
  }

  fileprivate static func tanh(_ x: Double) -> This { This(Foundation.tanh(x), 4 * logistic(2 * x).slope) }

  fileprivate static func softplus(_ x: Double) -> This {
    This(max(x, 0) + log1p(exp(-abs(x))), logistic(x).value)
  }

  fileprivate static func swish(_ x: Double) -> This {
    let (value, slope) = logistic(x)
    if slope == 0 { return This(x > 0 ? x : 0, value) }
    return This(x * value, value + x * slope)
  }

  fileprivate static func gelu(_ x: Double) -> This {
    if abs(x) > 60 { return This(max(x, 0), x > 0 ? 1 : 0) }
    let c1 = 2 * (2 / Double.pi).squareRoot()
    let c2 = c1 * 0.044715
    let (value, slope) = logistic(x * (c1 + c2 * x * x))
    return This(x * value, value + x * slope * (c1 + 3 * c2 * x * x))
  }

  fileprivate static func geluExact(_ x: Double) -> This {
    if abs(x) > 60 { return This(max(x, 0), x > 0 ? 1 : 0) }
    let share = erfc(-x * 0.5.squareRoot()) / 2
    return This(x * share, share + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot())
  }

  fileprivate static func mish(_ x: Double) -> This {
    if x > 60 { return This(x, 1) }
    if x < -800 { return This(0, 0) }
    let share = Foundation.tanh(log1p(exp(x)))
    return This(x * share, share + x * (1 - share * share) * logistic(x).value)
  }
}
