import Foundation
import Learning

/// The activations that take one number to one number, as their papers write them.
func referenceActivation(_ kind: ActivationKind, _ x: Double) -> Double {
  func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
  switch kind {
  case .relu: return max(0, x)
  case .leakyRelu: return x > 0 ? x : x * 0.01
  case .elu: return x > 0 ? x : exp(x) - 1
  case .selu: return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (exp(x) - 1))
  case .relu6: return min(max(0, x), 6)
  case .gelu: return x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  case .geluExact: return x / 2 * (1 + erf(x / 2.0.squareRoot()))
  case .swish: return x * sigmoid(x)
  case .mish: return x * tanh(log(1 + exp(x)))
  case .hardSwish: return x * min(max(0, x + 3), 6) / 6
  case .softplus: return log(1 + exp(x))
  case .tanh: return tanh(x)
  case .sigmoid: return sigmoid(x)
  case .hardSigmoid: return min(max(0, x + 3), 6) / 6
  case .identity: return x
  case .prelu, .softmax, .logSoftmax, .glu, .swiglu, .geglu, .reglu:
    preconditionFailure("\(kind.rawValue) takes more than one number")
  }
}
