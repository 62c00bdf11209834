import Tensors
import Vocabulary

/// How parameters begin. Uniform draws only: they need no function whose last bit depends on the system's mathematics library.
///
/// - Source: He et al. 2015, "Delving deep into rectifiers" (limit √(6 / inputs)); Glorot & Bengio 2010 (limit
///   √(6 / (inputs + outputs))).
enum Initialization {
  /// Embeddings begin small, so that a row met for the first time says little.
  static let embeddingLimit: Float = 0.05

  static func fill(
    _ parameters: UnsafeMutablePointer<Float>, layout: ParameterLayout, spec: LearnerSpec, from random: inout SplitMix64
  ) {
    let kind = spec.initialization == .auto ? spec.activation.initialization : spec.initialization
    for layer in layout.hidden {
      let fan = kind == .he ? layer.inputs : layer.inputs + layer.outputs
      let limit = (6 / Double(max(fan, 1))).squareRoot()
      for input in 0..<layer.inputs {
        for output in 0..<layer.outputs {
          parameters[layer.weight(input, output)] = uniform(limit, &random)
        }
      }
      if let gain = layer.gain {
        for output in 0..<layer.outputs { parameters[gain + output] = 1 }
      }
    }
    let head = layout.output
    let limit = (6 / Double(max(head.inputs + head.outputs, 1))).squareRoot()
    for input in 0..<head.inputs {
      for output in 0..<head.outputs { parameters[head.weight(input, output)] = uniform(limit, &random) }
    }
  }

  static func uniform(_ limit: Double, _ random: inout SplitMix64) -> Float {
    Float((random.nextUnit() * 2 - 1) * limit)
  }
}
