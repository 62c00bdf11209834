/// The activations of hidden layers, by their names in a pipeline. Formula, derivative, accuracy and source of each
/// stand in CKernels/activations, one file each; none gives a NaN for a finite input.
public enum ActivationKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// max(0, x).
  case relu
  /// x where x > 0, else x / 100.
  case leakyRelu = "leaky_relu"
  /// x where x > 0, else slope · x with a learned slope a unit.
  case prelu
  /// x where x > 0, else e^x − 1.
  case elu
  /// λ·x where x > 0, else λα·(e^x − 1): keeps mean 0 and variance 1 from layer to layer.
  case selu
  /// min(max(0, x), 6).
  case relu6
  /// The *tanh form* of the Gaussian error linear unit.
  case gelu
  /// The *exact form* of the Gaussian error linear unit, x·Φ(x).
  case geluExact = "gelu_exact"
  /// x · sigmoid(x), also called SiLU.
  case swish
  /// x · tanh(softplus(x)).
  case mish
  /// x · hard_sigmoid(x).
  case hardSwish = "hard_swish"
  /// log(1 + e^x).
  case softplus
  case tanh
  case sigmoid
  /// min(max(0, x + 3), 6) / 6.
  case hardSigmoid = "hard_sigmoid"
  case identity
  /// Shares of a whole over a layer's units.
  case softmax
  /// Its logarithm.
  case logSoftmax = "log_softmax"
  /// value · sigmoid(gate): a layer of twice the units.
  case glu
  /// value · swish(gate).
  case swiglu
  /// value · gelu(gate), the tanh form.
  case geglu
  /// value · relu(gate).
  case reglu
}
