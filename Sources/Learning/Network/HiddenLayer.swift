import Tensors

/// One block of the deep part: dense, normalisation, activation, dropout, and the skip connection. Buffers for a batch.
///
/// - Source: He et al. 2016, "Identity mappings in deep residual networks" (the skip connection).
final class HiddenLayer {
  let shape: ParameterLayout.Hidden
  /// What goes on to the next layer.
  let y: Rows
  /// Counts of `activated`; nil in a predictor.
  let stats: UnitStats?
  /// The activation's outputs, without the skip connection.
  var activated: Rows { activation.outputs }

  private let index: Int
  private let dropout: DropoutRate?
  private let penalty: (l1: Float, l2: Float)?
  private let activation: ActivationStage
  private let normalized, inverseDeviation: RowBuffer?
  /// Gradient by the output, while that by the product takes its place.
  private let skipped: RowBuffer?

  /// - Parameter learns: Keeps what the way back and health need.
  init(_ shape: ParameterLayout.Hidden, index: Int, spec: LearnerSpec, capacity: Int, learns: Bool) {
    self.shape = shape
    self.index = index
    dropout = learns && spec.dropout > 0 ? DropoutRate(spec.dropout) : nil
    let (l1, l2) = (spec.activationL1, spec.activationL2)
    penalty = l1 > 0 || l2 > 0 ? (l1, l2) : nil
    activation = ActivationStage(
      spec, units: shape.units, capacity: capacity, isResidual: shape.isResidual, learns: learns)
    y = activation.y
    stats = learns ? UnitStats(units: shape.units) : nil
    func rows(_ width: Int) -> RowBuffer { RowBuffer(capacity: capacity, width: width) }
    normalized = shape.gain == nil ? nil : rows(shape.width)
    skipped = learns && shape.isResidual ? rows(shape.units) : nil
    inverseDeviation = shape.gain == nil ? nil : RowBuffer(capacity: capacity, width: 1, stride: 1)
  }

  /// Rows `first ..< first + count` of `input`, which lies at row `first` already.
  func forward(_ context: LayerContext, rows first: Int, count: Int, input: Rows, pass: ForwardPass) {
    let kernels = context.kernels
    kernels.denseForward(
      rows: count, inputs: shape.inputs, outputs: shape.width, x: input,
      weights: context.parameters + shape.weights.start, bias: context.parameters + shape.bias.start,
      z: activation.z.dropFirst(first))
    context.times?.lap(shape.name, .product)
    normalize(context, rows: first, count: count)
    activation.forward(
      kernels, rows: first, count: count, slopes: shape.slope.map { UnsafePointer(context.parameters + $0.start) },
      stats: pass.countsHealth ? stats : nil)
    let y = y.dropFirst(first)
    context.times?.lap(shape.name, .activation)
    if let dropout, let keys = pass.dropoutKeys {
      kernels.dropout(rows: count, units: shape.units, y: y, keys: keys + first, salt: salt(pass), rate: dropout)
      context.times?.lap(shape.name, .dropout)
    }
    guard shape.isResidual else { return }
    kernels.add(rows: count, units: shape.units, input, to: y)
    context.times?.lap(shape.name, .skip)
  }

  private func salt(_ pass: ForwardPass) -> UInt64 { pass.dropoutSeed &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15 }

  private func normalize(_ context: LayerContext, rows first: Int, count: Int) {
    guard let gain = shape.gain, let normalized, let inverseDeviation else { return }
    let z = activation.z.dropFirst(first)
    if let offset = shape.offset {
      context.kernels.layerNorm(
        rows: count, units: shape.width, z: z, gain: context.parameters + gain.start,
        offset: context.parameters + offset.start, normalized: normalized.rows.from(first),
        inverseDeviation: inverseDeviation.rows.from(first))
    } else {
      context.kernels.rmsNorm(
        rows: count, units: shape.width, z: z, gain: context.parameters + gain.start,
        normalized: normalized.rows.from(first), inverseRoot: inverseDeviation.rows.from(first))
    }
    context.times?.lap(shape.name, .normalization)
  }

  /// - Parameters:
  ///   - dy: By the layer's output; written over.
  ///   - input: What `forward` read, from row 0.
  ///   - dx: Receives the gradient by the first `columns` inputs; nil: nobody wants it.
  func backward(_ context: LayerContext, _ step: BackwardStep, dy: Rows, input: Rows, dx: Rows?, columns: Int) {
    let kernels = context.kernels
    let (rows, sums) = (step.rows, step.gradient)
    if let penalty {
      kernels.penalizeOutputs(
        rows: rows, units: shape.units, y: y, dy: dy, labels: step.batch.labels, labelStride: step.batch.labelCount,
        l1: penalty.l1, l2: penalty.l2)
    }
    // The skip connection's share, before dy turns into the gradient of what lies beside it.
    let skips = shape.isResidual && dx != nil
    if skips { skipped?.copy(rows: rows, from: dy) }
    if let dropout, let keys = step.pass.dropoutKeys {
      kernels.dropout(rows: rows, units: shape.units, y: dy, keys: keys, salt: salt(step.pass), rate: dropout)
    }
    let dz = activation.backward(
      kernels, rows: rows, dy: dy, slopes: shape.slope.map { UnsafePointer(context.parameters + $0.start) },
      sums: sums + (shape.offset ?? shape.bias).start, slopeGradient: shape.slope.map { sums + $0.start })
    context.times?.lap(shape.name, .backActivation)
    normalizeBackward(context, step, dz: dz)
    kernels.denseWeightGradient(
      rows: rows, inputs: shape.inputs, outputs: shape.width, x: input, dz: dz, gradient: sums + shape.weights.start,
      scratch: step.scratch)
    context.times?.lap(shape.name, .weightGradient)
    guard let dx, columns > 0 else { return }
    kernels.denseInputGradient(
      rows: rows, inputs: shape.inputs, outputs: shape.width, columns: columns, dz: dz,
      weights: context.parameters + shape.weights.start, dx: dx, scratch: step.scratch)
    if skips, let skipped { kernels.add(rows: rows, units: columns, skipped.rows, to: dx) }
    context.times?.lap(shape.name, .inputGradient)
  }

  private func normalizeBackward(_ context: LayerContext, _ step: BackwardStep, dz: Rows) {
    guard let gain = shape.gain, let normalized, let inverseDeviation else { return }
    let sums = step.gradient
    if shape.offset != nil {
      context.kernels.layerNormBackward(
        rows: step.rows, units: shape.width, dz: dz, gain: context.parameters + gain.start,
        normalized: normalized.rows.pointer, inverseDeviation: inverseDeviation.rows.pointer,
        gainGradient: sums + gain.start, sums: sums + shape.bias.start)
    } else {
      context.kernels.rmsNormBackward(
        rows: step.rows, units: shape.width, dz: dz, gain: context.parameters + gain.start,
        normalized: normalized.rows.pointer, inverseRoot: inverseDeviation.rows.pointer,
        gainGradient: sums + gain.start, sums: sums + shape.bias.start)
    }
    context.times?.lap(shape.name, .backNormalization)
  }
}
