import Tensors

/// An objective's temperature: what the logits are divided by on the way to probabilities. Buffers for a batch.
///
/// A learned one is exp(τ). Its gradient is that of the plain log loss of what was answered, whatever loss the head
/// learns by, so weights, smoothing and focal loss are calibrated away; it travels with the dense gradient.
///
/// - Source: Guo et al. 2017, "On calibration of modern neural networks", section 4.2; here on line, by
///   ∂loss/∂τ = −Σ_c (p_c − [c = y])·z_c / T.
final class Calibration {
  /// τ moves by at most this a step, and in ± `logarithmMax`: a temperature of 0.05 … 20.
  static let rate: Float = 0.01
  static let logarithmMax: Float = 2.995_732_3

  private let fixed: Float
  /// τ among the parameters; nil: none is learned.
  let block: ParameterBlock?
  var place: Int? { block?.start }
  private let scaled: RowBuffer?
  private let exponent, power: AlignedBuffer<Float>

  init(_ spec: HeadSpec, _ temperature: ParameterBlock?, capacity: Int) {
    block = temperature
    if case .fixed(let value) = spec.temperature { fixed = value } else { fixed = 1 }
    let isNeeded = spec.loss.isOfClasses && (temperature != nil || fixed != 1)
    let outputs = spec.outputCount
    scaled = isNeeded ? RowBuffer(capacity: capacity, width: outputs, stride: outputs == 1 ? 1 : nil) : nil
    exponent = AlignedBuffer(count: temperature == nil ? 0 : 16)
    power = AlignedBuffer(count: temperature == nil ? 0 : 16)
  }

  /// 1 / T. From the kernels' exponential, so that every machine has the same bits.
  func inverse(_ context: LayerContext) -> Float {
    guard let place else { return 1 / fixed }
    let logarithm = context.parameters[place]
    exponent[0] = -abs(logarithm)
    context.kernels.expNonpositive(count: 16, exponent.pointer, power.pointer)
    return logarithm >= 0 ? power[0] : 1 / power[0]
  }

  /// The logits over the temperature; the logits themselves where that is 1 for good.
  func cooled(_ context: LayerContext, _ logits: Rows, rows: Int, outputs: Int) -> Rows {
    guard let scaled else { return logits }
    let inverse = inverse(context)
    for row in 0..<rows {
      let (from, to) = (logits.from(row), scaled.rows.from(row))
      for output in 0..<outputs { to[output] = from[output] * inverse }
    }
    return scaled.rows
  }
}

extension Objective {
  /// Writes ∂(log loss)/∂τ, summed over the rows just answered, to τ's place; nothing where no temperature is learned.
  func temperatureGradient(_ context: LayerContext, _ batch: FeatureBatch, _ sums: GradientSums) {
    guard let block = calibration.block else { return }
    let labels = labels(of: batch)
    let inverse = Double(calibration.inverse(context))
    sums.sum(block) { rows, gradient, _ in
      var sum = 0.0
      for row in rows where !labels[row].isNaN {
        let weight = batch.weights.map { Double($0[row]) } ?? 1
        let (z, p) = (logits.from(row), outputs.pointer + row * outputCount)
        for output in 0..<outputCount {
          let isTrue = outputCount == 1 ? labels[row] > 0.5 : Int(labels[row]) == output
          sum -= (Double(p[output]) - (isTrue ? 1 : 0)) * Double(z[output]) * inverse * weight
        }
      }
      gradient[0] = Float(sum)
    }
  }

  /// One small step of τ along its mean gradient.
  func updateTemperature(
    _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, inverseCount: Float
  ) {
    guard let place = calibration.place else { return }
    let slope = gradient[place] * inverseCount
    guard slope.isFinite else { return }
    let moved = parameters[place] - Calibration.rate * max(-1, min(1, slope))
    parameters[place] = max(-Calibration.logarithmMax, min(Calibration.logarithmMax, moved))
  }
}
