import Tensors
import Vocabulary

/// How parameters begin. No function whose last bit depends on the system's mathematics library is needed.
///
/// - Source: He et al. 2015, "Delving deep into rectifiers" (limit √(6 / ((1 + a²)·inputs)), a the slope below zero);
///   Glorot & Bengio 2010 (limit √(6 / (inputs + outputs))); LeCun, Bottou, Orr & Müller 1998, "Efficient backprop"
///   (limit √(3 / inputs), a variance of 1 / inputs, as SELU needs it: Klambauer et al. 2017); Saxe, McClelland & Ganguli
///   2014 (orthogonal).
enum Initialization {
  /// Embeddings begin small, so that a row met for the first time says little.
  static let embeddingLimit: Float = 0.05

  static func fill(
    _ parameters: UnsafeMutablePointer<Float>, layout: ParameterLayout, spec: LearnerSpec, from random: inout SplitMix64
  ) {
    let kind = spec.initialization == .auto ? spec.activation.initialization : spec.initialization
    for segment in layout.segments {
      for block in segment.blocks {
        fill(
          parameters, block, kind: segment.followsActivation ? kind : .glorot, activation: spec.activation,
          from: &random)
      }
    }
  }

  private static func fill(
    _ parameters: UnsafeMutablePointer<Float>, _ block: ParameterBlock, kind: LearnerSpec.Initialization,
    activation: ActivationKind, from random: inout SplitMix64
  ) {
    switch block.role {
    case .weight where kind == .orthogonal:
      let matrix = OrthogonalMatrix(inputs: block.inputs, outputs: block.outputs, from: &random)
      let gain = activation.orthogonalGain
      for input in 0..<block.inputs {
        for output in 0..<block.outputs {
          parameters[block.index(input, output)] = Float(matrix[input, output] * gain)
        }
      }
    case .weight, .outputWeight:
      let limit = limit(kind, inputs: block.inputs, outputs: block.outputs, activation: activation)
      forEach(block) { parameters[$0] = uniform(limit, &random) }
    case .gain, .interaction: forEach(block) { parameters[$0] = 1 }
    case .slope: forEach(block) { parameters[$0] = ActivationKind.initialSlope }
    case .wideWeight, .bias, .offset, .temperature: break
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

  /// Half the width of the uniform distribution.
  static func limit(
    _ kind: LearnerSpec.Initialization, inputs: Int, outputs: Int, activation: ActivationKind
  ) -> Double {
    let slope = activation.slopeBelowZero
    switch kind {
    case .he: return (6 / ((1 + slope * slope) * Double(max(inputs, 1)))).squareRoot()
    case .lecun: return (3 / Double(max(inputs, 1))).squareRoot()
    case .glorot, .auto, .orthogonal: return (6 / Double(max(inputs + outputs, 1))).squareRoot()
    }
  }

  /// Standard normal, by Marsaglia's polar method (Marsaglia & Bray 1964).
  static func normal(_ random: inout SplitMix64) -> Double {
    while true {
      let (x, y) = (random.nextUnit() * 2 - 1, random.nextUnit() * 2 - 1)
      let square = x * x + y * y
      if square > 0x1p-100 && square < 1 { return x * (-2 * PortableMath.log(square) / square).squareRoot() }
    }
  }
}

extension ActivationKind {
  /// What its derivative is below zero, for He's variance (there, equation 15).
  fileprivate var slopeBelowZero: Double {
    switch self {
    case .leakyRelu: 0.01
    case .prelu: Double(Self.initialSlope)
    default: 0
    }
  }

  /// What lets an orthogonal layer keep the variance: the ReLU family loses half of it, which √2 puts back.
  fileprivate var orthogonalGain: Double {
    initialization == .he ? (2 / (1 + slopeBelowZero * slopeBelowZero)).squareRoot() : 1
  }
}
