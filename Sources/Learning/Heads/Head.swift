import Tensors

/// One thing that is predicted: its logits from each part of the network, its answers, its loss. Buffers for a batch.
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

  /// What the parts of the network give a head.
  struct Inputs {
    /// Outputs of the last hidden layer, or the network's input.
    let top: Rows
    let cross: Rows?
    let pooled: Rows?
    /// Numbers and indicators.
    let wide: Rows
  }

  /// The logits of rows `first ..< first + count`; the inputs lie at row `first` already.
  func forward(_ context: LayerContext, rows first: Int, count: Int, _ inputs: Inputs) {
    let z = logits.dropFirst(first)
    let parameters = context.parameters
    context.kernels.thinForward(
      rows: count, inputs: shape.weights.inputs, outputs: shape.outputs, x: inputs.top,
      weights: parameters + shape.weights.start, bias: parameters + shape.bias.start, z: z, add: false)
    func add(_ block: ParameterBlock?, _ x: Rows?) {
      guard let block, let x else { return }
      context.kernels.thinForward(
        rows: count, inputs: block.inputs, outputs: shape.outputs, x: x, weights: parameters + block.start, bias: nil,
        z: z, add: true)
    }
    add(shape.crossWeights, inputs.cross)
    add(shape.interactions, inputs.pooled)
    add(shape.wideWeights, inputs.wide)
  }

  /// Gradients of the head's own weights.
  func weightGradients(_ context: LayerContext, _ step: BackwardStep, _ inputs: Inputs) {
    func measure(_ block: ParameterBlock?, _ x: Rows?, bias: ParameterBlock? = nil) {
      guard let block, let x else { return }
      context.kernels.thinWeightGradient(
        rows: step.rows, inputs: block.inputs, outputs: shape.outputs, x: x, dz: gradient,
        gradient: step.gradient + block.start, biasGradient: bias.map { step.gradient + $0.start })
    }
    measure(shape.weights, inputs.top, bias: shape.bias)
    measure(shape.crossWeights, inputs.cross)
    measure(shape.interactions, inputs.pooled)
    measure(shape.wideWeights, inputs.wide)
  }

  /// Gradient by what `block` reads, overwriting `dx`.
  func inputGradient(_ context: LayerContext, _ step: BackwardStep, _ block: ParameterBlock, dx: Rows) {
    context.kernels.thinInputGradient(
      rows: step.rows, inputs: block.inputs, outputs: shape.outputs, dz: gradient,
      weights: context.parameters + block.start, dx: dx)
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
