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
    switch self {
    case .relu: .relu(x)
    case .leakyRelu: .leakyRelu(x)
    case .gelu: .gelu(x)
    case .swish: .swish(x)
    case .tanh: .tanh(x)
    case .sigmoid: .sigmoid(x)
    case .identity: .identity(x)
    case .elu: .elu(x)
    case .selu: .selu(x)
    case .softplus: .softplus(x)
    case .mish: .mish(x)
    case .relu6: .relu6(x)
    case .geluExact: .geluExact(x)
    case .hardSigmoid: .hardSigmoid(x)
    case .hardSwish: .hardSwish(x)
    }
  }

  /// The same at each of `count` floats, subnormal ones taken for zero as the learner's arithmetic does, with the formula
  /// chosen once.
  func reference(
    count: Int, _ x: UnsafePointer<Float>, value: UnsafeMutablePointer<Double>, derivative: UnsafeMutablePointer<Double>
  ) {
    @inline(__always)
    func fill(_ formula: (Double) -> ActivationReference) {
      for index in 0..<count {
        let result = formula(x[index].magnitude < .leastNormalMagnitude ? 0 : Double(x[index]))
        value[index] = result.value
        derivative[index] = result.derivative
      }
    }
    switch self {
    case .relu: fill { .relu($0) }
    case .leakyRelu: fill { .leakyRelu($0) }
    case .gelu: fill { .gelu($0) }
    case .swish: fill { .swish($0) }
    case .tanh: fill { .tanh($0) }
    case .sigmoid: fill { .sigmoid($0) }
    case .identity: fill { .identity($0) }
    case .elu: fill { .elu($0) }
    case .selu: fill { .selu($0) }
    case .softplus: fill { .softplus($0) }
    case .mish: fill { .mish($0) }
    case .relu6: fill { .relu6($0) }
    case .geluExact: fill { .geluExact($0) }
    case .hardSigmoid: fill { .hardSigmoid($0) }
    case .hardSwish: fill { .hardSwish($0) }
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

  fileprivate static func elu(_ x: Double) -> This {
    if x > 0 { return This(x, 1) }
    let e = exp(x)
    return This(x > -0.5 ? expm1(x) : e - 1, e)
  }

  fileprivate static func selu(_ x: Double) -> This {
    let (lambda, alpha) = (1.0507009873554804934, 1.6732632423543772848)
    if x > 0 { return This(lambda * x, lambda) }
    let below = elu(x)
    return This(lambda * alpha * below.value, lambda * alpha * below.derivative)
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
    let e = exp(-abs(x))
    return This(max(x, 0) + log1p(e), (x >= 0 ? 1 : e) / (1 + e))
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

  /// tanh(log(1 + e^x)) = n / (n + 2) with n = e^x·(e^x + 2), and the logistic function from the same exponential.
  fileprivate static func mish(_ x: Double) -> This {
    if x > 60 { return This(x, 1) }
    if x < -800 { return This(0, 0) }
    let e = exp(x)
    let n = e * (e + 2)
    let share = n / (n + 2)
    return This(x * share, share + x * 4 * (n + 1) / ((n + 2) * (n + 2)) * e / (1 + e))
  }
}
