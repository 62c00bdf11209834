import Tensors

/// The weights of one thing that is predicted: what it reads of the branches becomes logits, whose objective says what they
/// mean. Buffers for a batch.
package final class Head {
  let shape: ParameterLayout.Head
  /// First column among all heads' outputs, as the wide rows of categories have them.
  let wideColumn: Int
  let logits: Rows
  /// By logit; the stride of the logits.
  let gradient: Rows
  let objective: Objective

  private let logitBuffer, gradientBuffer: RowBuffer

  /// - Parameters:
  ///   - place: Among the heads.
  ///   - wideColumn: First column among all heads' outputs.
  init(
    _ shape: ParameterLayout.Head, spec: HeadSpec, place: Int, wideColumn: Int, capacity: Int, learns: Bool
  ) {
    self.shape = shape
    self.wideColumn = wideColumn
    let stride = shape.outputs == 1 ? 1 : nil
    logitBuffer = RowBuffer(capacity: capacity, width: shape.outputs, stride: stride)
    gradientBuffer = RowBuffer(capacity: learns ? capacity : 0, width: shape.outputs, stride: stride)
    (logits, gradient) = (logitBuffer.rows, gradientBuffer.rows)
    objective = Objective(
      spec, place: place, logits: logits, gradient: gradient, temperature: shape.temperature, capacity: capacity,
      learns: learns)
  }

  /// Of its logits and of the gradient by them, for the largest batch.
  var bytes: Int { logitBuffer.bytes + gradientBuffer.bytes }

  /// The logits of rows `first ..< first + count`: the sum over what the branches gave.
  func forward(_ context: LayerContext, rows first: Int, count: Int, _ branches: [Branch]) {
    let z = logits.dropFirst(first)
    let parameters = context.parameters
    for (place, reading) in shape.readings.enumerated() {
      context.kernels.thinForward(
        rows: count, x: branches[reading.branch].output.dropFirst(first),
        weights: reading.weights.matrix(in: parameters),
        bias: place == 0 ? parameters + shape.bias.start : nil, z: z, add: place > 0)
    }
  }

  /// Gradients of the head's own weights.
  func weightGradients(_ context: LayerContext, _ step: BackwardStep, _ branches: [Branch]) {
    for (place, reading) in shape.readings.enumerated() {
      let x = branches[reading.branch].output
      step.sums.sum(reading.weights, place == 0 ? shape.bias : nil) { rows, sums, biasSums in
        let first = rows.lowerBound
        context.kernels.thinWeightGradient(
          rows: rows.count, x: x.dropFirst(first), dz: gradient.dropFirst(first),
          gradient: reading.weights.matrix(at: sums), biasGradient: biasSums)
      }
    }
  }

  /// Of a batch of one row: the gradient by the logits, and those by the head's own weights.
  func noteGradients(_ step: BackwardStep, _ branches: [Branch], _ walk: WalkRecorder) {
    walk.note(shape.name, .logitGradient, gradient.pointer, shape.outputs)
    let own = shape.readings.filter { !branches[$0.branch].plan.isWide }.map(\.weights)
    walk.note(shape.name, .weightGradient, own + [shape.bias], in: step.sums.gradient)
    let wide = shape.readings.filter { branches[$0.branch].plan.isWide }.map(\.weights)
    walk.note(shape.wideName, .weightGradient, wide, in: step.sums.gradient)
  }

  /// Gradient by what `weights` reads, overwriting `dy`.
  func outputGradient(_ context: LayerContext, _ step: BackwardStep, _ weights: ParameterBlock, dy: Rows) {
    context.kernels.thinInputGradient(
      rows: step.rows, dz: gradient, weights: weights.matrix(in: context.parameters), dx: dy)
  }
}
