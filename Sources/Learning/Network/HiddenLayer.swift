import Tensors

/// One block of the deep part: dense, normalisation, activation, dropout, and the skip connection. Buffers for a batch.
///
/// - Source: He et al. 2016, "Identity mappings in deep residual networks" (the skip connection).
final class HiddenLayer {
  let shape: ParameterLayout.Hidden
  /// What goes on to the next layer.
  let y: Rows
  /// Counts of the activation's outputs, before dropout and skip; nil in a predictor.
  let stats: UnitStats?

  private let index: Int
  private let formula: ActivationFormula
  private let dropout: DropoutRate?
  private let penalty: (l1: Float, l2: Float)?
  private let output: RowBuffer
  private let derivative, normalized, inverseDeviation: RowBuffer?
  /// Gradient by the output, while that by the product takes its place.
  private let skipped: RowBuffer?

  /// - Parameter learns: Keeps what the way back and health need.
  init(_ shape: ParameterLayout.Hidden, index: Int, spec: LearnerSpec, capacity: Int, learns: Bool) {
    self.shape = shape
    self.index = index
    formula = spec.activation.formula
    dropout = learns && spec.dropout > 0 ? DropoutRate(spec.dropout) : nil
    let (l1, l2) = (spec.activationL1, spec.activationL2)
    penalty = l1 > 0 || l2 > 0 ? (l1, l2) : nil
    output = RowBuffer(capacity: capacity, width: shape.units)
    y = output.rows
    stats = learns ? UnitStats(units: shape.units) : nil
    func rows(_ width: Int) -> RowBuffer { RowBuffer(capacity: capacity, width: width) }
    // Where y is not the activation's own output, the way back cannot read the derivative from it.
    derivative = learns && (formula.keepsDerivative || shape.isResidual) ? rows(shape.units) : nil
    normalized = shape.gain == nil ? nil : rows(shape.units)
    skipped = learns && shape.isResidual ? rows(shape.units) : nil
    inverseDeviation = shape.gain == nil ? nil : RowBuffer(capacity: capacity, width: 1, stride: 1)
  }

  /// Rows `first ..< first + count` of `input`, which lies at row `first` already.
  func forward(_ context: LayerContext, rows first: Int, count: Int, input: Rows, pass: ForwardPass) {
    let kernels = context.kernels
    let z = y.dropFirst(first)
    kernels.denseForward(
      rows: count, inputs: shape.inputs, outputs: shape.units, x: input,
      weights: context.parameters + shape.weights.start, bias: context.parameters + shape.bias.start, z: z)
    context.times?.lap(shape.name, .product)
    normalize(context, rows: first, count: count)
    kernels.activate(
      formula, rows: count, units: shape.units, z: z, derivative: derivative?.rows.from(first),
      stats: pass.countsHealth ? stats : nil)
    context.times?.lap(shape.name, .activation)
    if let dropout, let keys = pass.dropoutKeys {
      kernels.dropout(rows: count, units: shape.units, y: z, keys: keys + first, salt: salt(pass), rate: dropout)
      context.times?.lap(shape.name, .dropout)
    }
    guard shape.isResidual else { return }
    kernels.add(rows: count, units: shape.units, input, to: z)
    context.times?.lap(shape.name, .skip)
  }

  private func salt(_ pass: ForwardPass) -> UInt64 { pass.dropoutSeed &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15 }

  private func normalize(_ context: LayerContext, rows first: Int, count: Int) {
    guard let gain = shape.gain, let normalized, let inverseDeviation else { return }
    let z = y.dropFirst(first)
    if let offset = shape.offset {
      context.kernels.layerNorm(
        rows: count, units: shape.units, z: z, gain: context.parameters + gain.start,
        offset: context.parameters + offset.start, normalized: normalized.rows.from(first),
        inverseDeviation: inverseDeviation.rows.from(first))
    } else {
      context.kernels.rmsNorm(
        rows: count, units: shape.units, z: z, gain: context.parameters + gain.start,
        normalized: normalized.rows.from(first), inverseRoot: inverseDeviation.rows.from(first))
    }
    context.times?.lap(shape.name, .normalization)
  }

  /// - Parameters:
  ///   - dy: By the layer's output; becomes the gradient by what the dense product gave.
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
    kernels.activateBackward(
      formula, rows: rows, units: shape.units, dy: dy, y: y, derivative: derivative?.rows.pointer,
      sums: sums + (shape.offset ?? shape.bias).start)
    context.times?.lap(shape.name, .backActivation)
    normalizeBackward(context, step, dy: dy)
    kernels.denseWeightGradient(
      rows: rows, inputs: shape.inputs, outputs: shape.units, x: input, dz: dy, gradient: sums + shape.weights.start)
    context.times?.lap(shape.name, .weightGradient)
    guard let dx, columns > 0 else { return }
    kernels.denseInputGradient(
      rows: rows, inputs: shape.inputs, outputs: shape.units, columns: columns, dz: dy,
      weights: context.parameters + shape.weights.start, dx: dx, scratch: step.scratch)
    if skips, let skipped { kernels.add(rows: rows, units: columns, skipped.rows, to: dx) }
    context.times?.lap(shape.name, .inputGradient)
  }

  private func normalizeBackward(_ context: LayerContext, _ step: BackwardStep, dy: Rows) {
    guard let gain = shape.gain, let normalized, let inverseDeviation else { return }
    let sums = step.gradient
    if shape.offset != nil {
      context.kernels.layerNormBackward(
        rows: step.rows, units: shape.units, dz: dy, gain: context.parameters + gain.start,
        normalized: normalized.rows.pointer, inverseDeviation: inverseDeviation.rows.pointer,
        gainGradient: sums + gain.start, sums: sums + shape.bias.start)
    } else {
      context.kernels.rmsNormBackward(
        rows: step.rows, units: shape.units, dz: dy, gain: context.parameters + gain.start,
        normalized: normalized.rows.pointer, inverseRoot: inverseDeviation.rows.pointer,
        gainGradient: sums + gain.start, sums: sums + shape.bias.start)
    }
    context.times?.lap(shape.name, .backNormalization)
  }
}
