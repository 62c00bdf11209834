import Tensors

/// One thing that is predicted: its logits from each part of the network, its answers, its loss. Buffers for a batch.
final class Head {
  let shape: ParameterLayout.Head
  let task: LearnerSpec.Task
  /// First column among all heads' outputs, as the wide rows of categories have them.
  let wideColumn: Int
  let logits: Rows
  /// By logit; the stride of the logits.
  let gradient: Rows
  /// Shape [capacity × outputs]: probabilities, or the value in label units.
  let outputs: AlignedBuffer<Float>
  /// Per row.
  let losses: AlignedBuffer<Float>

  private let logitBuffer, gradientBuffer: RowBuffer
  private let probabilities: RowBuffer?

  init(_ shape: ParameterLayout.Head, task: LearnerSpec.Task, wideColumn: Int, capacity: Int, learns: Bool) {
    self.shape = shape
    self.task = task
    self.wideColumn = wideColumn
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

extension Head {
  /// Logits become probabilities, or values in label units.
  func answer(_ kernels: Kernels, rows: Int, _ normalizer: Normalizer) {
    switch task {
    case .binary:
      kernels.binaryLoss(
        rows: rows, logits: logits.pointer, labels: nil, probabilities: outputs.pointer, gradient: nil, loss: nil)
    case .multiclass(let classes):
      guard let probabilities else { return }
      kernels.softmaxLoss(
        rows: rows, classes: classes, logits: logits, labels: nil, probabilities: probabilities.rows.pointer,
        gradient: nil, loss: nil)
      for row in 0..<rows {
        (outputs.pointer + row * classes).update(from: probabilities.rows.from(row), count: classes)
      }
    case .regression:
      let mean = normalizer.labelMean
      let deviation = normalizer.labelDeviation
      for row in 0..<rows { outputs[row] = Float(mean + deviation * Double(logits.pointer[row])) }
    }
  }

  /// Per row of the last batch: log loss, cross-entropy or, for regression, squared error in label units; NaN without a label.
  func losses(_ kernels: Kernels, _ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    switch task {
    case .binary:
      kernels.binaryLoss(
        rows: batch.count, logits: logits.pointer, labels: batch.labels, probabilities: nil, gradient: nil,
        loss: losses)
    case .multiclass(let classes):
      kernels.softmaxLoss(
        rows: batch.count, classes: classes, logits: logits, labels: batch.labels, probabilities: nil, gradient: nil,
        loss: losses)
    case .regression:
      for row in 0..<batch.count {
        let error = outputs[row] - batch.labels[row]
        losses[row] = error * error
      }
    }
  }

  /// Gradient of the training loss (regression: half the squared error in standardised units) by logit, and the losses.
  /// Rows without a label get gradient 0 and loss NaN.
  func lossGradient(_ kernels: Kernels, _ batch: FeatureBatch, _ normalizer: Normalizer) {
    switch task {
    case .binary:
      kernels.binaryLoss(
        rows: batch.count, logits: logits.pointer, labels: batch.labels, probabilities: nil,
        gradient: gradient.pointer, loss: losses.pointer)
    case .multiclass(let classes):
      kernels.softmaxLoss(
        rows: batch.count, classes: classes, logits: logits, labels: batch.labels, probabilities: nil,
        gradient: gradient.pointer, loss: losses.pointer)
    case .regression:
      let mean = normalizer.labelMean
      let inverse = normalizer.labelInverse
      for row in 0..<batch.count {
        let label = batch.labels[row]
        let target = Float((Double(label) - mean) * inverse)
        gradient.pointer[row] = label.isNaN ? 0 : logits.pointer[row] - target
        let error = outputs[row] - label
        losses[row] = error * error
      }
    }
  }
}
