import Tensors

/// What a head's logits mean: their task, loss and calibration. Logits become answers, and labels the gradient by the logits.
/// Buffers for a batch.
///
/// The weights are the head's; of parameters an objective has a temperature at most.
final class Objective {
  let spec: HeadSpec
  /// Its place among the heads, and so among a row's labels.
  let place: Int
  /// Logits and answers a row.
  let outputCount: Int
  /// What the head gave, and the gradient by it.
  let logits, gradient: Rows
  /// Shape [capacity × outputCount]: probabilities, or the value in label units; a count's is its rate.
  let outputs: AlignedBuffer<Float>
  /// Per row.
  let losses: AlignedBuffer<Float>

  let calibration: Calibration
  /// The loss as the kernels read it; nil: plain cross-entropy, which has kernels of its own.
  let formula: LossFormula?
  /// One label a row, and targets in the logits' unit.
  let labels, targets: AlignedBuffer<Float>
  /// Of several classes: with the stride of the logits.
  let probabilities: RowBuffer?

  /// - Parameters:
  ///   - place: Among the heads.
  ///   - temperature: Of the parameters; nil: none is learned.
  init(
    _ spec: HeadSpec, place: Int, logits: Rows, gradient: Rows, temperature: ParameterBlock?, capacity: Int,
    learns: Bool
  ) {
    self.spec = spec
    self.place = place
    outputCount = spec.outputCount
    (self.logits, self.gradient) = (logits, gradient)
    calibration = Calibration(spec, temperature, capacity: capacity)
    formula = LossFormula(spec)
    labels = AlignedBuffer(count: capacity)
    targets = AlignedBuffer(count: spec.standardizesLabel && learns ? capacity : 0)
    probabilities = outputCount == 1 ? nil : RowBuffer(capacity: capacity, width: outputCount)
    outputs = AlignedBuffer(count: capacity * outputCount)
    losses = AlignedBuffer(count: learns ? capacity : 0)
  }

  /// Whether logits and answers of `row` are numbers.
  func isFinite(_ row: Int) -> Bool {
    let logits = logits.from(row)
    for output in 0..<outputCount where !logits[output].isFinite { return false }
    let outputs = outputs.pointer + row * outputCount
    for output in 0..<outputCount where !outputs[output].isFinite { return false }
    return true
  }
}
