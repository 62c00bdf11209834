import Tensors

/// One thing that is predicted: its logits from the branches, its answers, its loss. Buffers for a batch.
final class Head {
  let shape: ParameterLayout.Head
  let spec: HeadSpec
  /// Its place among the heads, and so among a row's labels.
  let place: Int
  /// First column among all heads' outputs, as the wide rows of categories have them.
  let wideColumn: Int
  let logits: Rows
  /// By logit; the stride of the logits.
  let gradient: Rows
  /// Shape [capacity × outputs]: probabilities, or the value in label units; a count's is its rate.
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

  private let logitBuffer, gradientBuffer: RowBuffer

  /// - Parameters:
  ///   - place: Among the heads.
  ///   - wideColumn: First column among all heads' outputs.
  init(
    _ shape: ParameterLayout.Head, spec: HeadSpec, place: Int, wideColumn: Int, capacity: Int, learns: Bool
  ) {
    self.shape = shape
    self.spec = spec
    self.place = place
    self.wideColumn = wideColumn
    calibration = Calibration(shape, spec, capacity: capacity)
    formula = LossFormula(spec)
    labels = AlignedBuffer(count: capacity)
    targets = AlignedBuffer(count: spec.standardizesLabel && learns ? capacity : 0)
    let stride = shape.outputs == 1 ? 1 : nil
    logitBuffer = RowBuffer(capacity: capacity, width: shape.outputs, stride: stride)
    gradientBuffer = RowBuffer(capacity: learns ? capacity : 0, width: shape.outputs, stride: stride)
    probabilities = shape.outputs == 1 ? nil : RowBuffer(capacity: capacity, width: shape.outputs)
    logits = logitBuffer.rows
    gradient = gradientBuffer.rows
    outputs = AlignedBuffer(count: capacity * shape.outputs)
    losses = AlignedBuffer(count: learns ? capacity : 0)
  }

  /// The logits of rows `first ..< first + count`: the sum over what the branches gave.
  func forward(_ context: LayerContext, rows first: Int, count: Int, _ branches: [Branch]) {
    let z = logits.dropFirst(first)
    let parameters = context.parameters
    for (place, reading) in shape.readings.enumerated() {
      context.kernels.thinForward(
        rows: count, inputs: reading.weights.inputs, outputs: shape.outputs,
        x: branches[reading.branch].output.dropFirst(first), weights: parameters + reading.weights.start,
        bias: place == 0 ? parameters + shape.bias.start : nil, z: z, add: place > 0)
    }
  }

  /// Gradients of the head's own weights.
  func weightGradients(_ context: LayerContext, _ step: BackwardStep, _ branches: [Branch]) {
    for (place, reading) in shape.readings.enumerated() {
      context.kernels.thinWeightGradient(
        rows: step.rows, inputs: reading.weights.inputs, outputs: shape.outputs, x: branches[reading.branch].output,
        dz: gradient, gradient: step.gradient + reading.weights.start,
        biasGradient: place == 0 ? step.gradient + shape.bias.start : nil)
    }
  }

  /// Gradient by what `weights` reads, overwriting `dy`.
  func outputGradient(_ context: LayerContext, _ step: BackwardStep, _ weights: ParameterBlock, dy: Rows) {
    context.kernels.thinInputGradient(
      rows: step.rows, inputs: weights.inputs, outputs: shape.outputs, dz: gradient,
      weights: context.parameters + weights.start, dx: dy)
  }

  /// Whether logits and answers of `row` are numbers.
  func isFinite(_ row: Int) -> Bool {
    let logits = logits.from(row)
    for output in 0..<shape.outputs where !logits[output].isFinite { return false }
    let outputs = outputs.pointer + row * shape.outputs
    for output in 0..<shape.outputs where !outputs[output].isFinite { return false }
    return true
  }
}
