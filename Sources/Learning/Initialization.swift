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
    for segment in layout.segments {
      for block in segment.blocks {
        fill(parameters, block, kind: segment.name.hasPrefix("hidden") ? kind : .glorot, from: &random)
      }
    }
  }

  private static func fill(
    _ parameters: UnsafeMutablePointer<Float>, _ block: ParameterBlock, kind: LearnerSpec.Initialization,
    from random: inout SplitMix64
  ) {
    switch block.role {
    case .weight, .outputWeight:
      let fan = kind == .he ? block.inputs : block.inputs + block.outputs
      let limit = (6 / Double(max(fan, 1))).squareRoot()
      forEach(block) { parameters[$0] = uniform(limit, &random) }
    case .gain, .interaction: forEach(block) { parameters[$0] = 1 }
    case .slope: forEach(block) { parameters[$0] = 0.25 }
    case .wideWeight, .bias, .offset: break
    }
  }

  private static func forEach(_ block: ParameterBlock, _ body: (_ index: Int) -> Void) {
    for input in 0..<block.inputs {
      for output in 0..<block.outputs { body(block.index(input, output)) }
    }
  }

  static func uniform(_ limit: Double, _ random: inout SplitMix64) -> Float {
    Float((random.nextUnit() * 2 - 1) * limit)
  }
}
