import Tensors

/// The form of a hidden layer: dense, normalisation, activation, dropout, skip connection.
struct HiddenPlan: LayerPlan {
  /// Its place in the branch.
  let index: Int
  let name: String
  let inputs, units: Int
  /// Columns of the product: two a unit before a gate.
  let width: Int
  let weights, bias: ParameterBlock
  /// nil without normalisation; RMSNorm has no offset.
  let gain, offset: ParameterBlock?
  /// Of a PReLU.
  let slope: ParameterBlock?
  /// The input is added to the output: both are as wide.
  let isResidual: Bool

  init(index: Int, inputs: Int, units: Int, spec: DeepSpec, _ blocks: inout BlockTaker) {
    self.index = index
    name = "hidden_\(index + 1)"
    (self.inputs, self.units) = (inputs, units)
    width = spec.activation.isGate ? 2 * units : units
    weights = blocks.take(.weight, inputs: inputs, outputs: width)
    bias = blocks.take(.bias, outputs: width)
    gain = spec.normalization == .none ? nil : blocks.take(.gain, outputs: width)
    offset = spec.normalization == .layerNorm ? blocks.take(.offset, outputs: width) : nil
    slope = spec.activation.hasSlope ? blocks.take(.slope, outputs: units) : nil
    isResidual = spec.residual && inputs == units
  }

  var input: Extent { Extent(width: inputs) }
  var output: Extent { Extent(width: units) }
  var blocks: [ParameterBlock] { [weights, bias] + [gain, offset, slope].compactMap { $0 } }
  var followsActivation: Bool { true }
  var outputAxis: BlockAxes.Axis { .places }
  func makeLayer(_ site: LayerSite) -> any Layer { HiddenLayer(self, site) }

  func axes(of block: ParameterBlock, readsColumns: Bool) -> BlockAxes {
    BlockAxes(readsColumns && block == weights ? .columns : .places, .places)
  }
}

/// One block of the deep part: dense, normalisation, activation, dropout, and the skip connection. Buffers for a batch.
///
/// - Source: He et al. 2016, "Identity mappings in deep residual networks" (the skip connection).
final class HiddenLayer: Layer {
  let shape: HiddenPlan
  /// What goes on to the next layer.
  let y: Rows
  /// Of the activation's outputs, without the skip connection; nil in a predictor.
  private let stats: UnitStats?
  /// Of what the activation takes in; nil in a predictor.
  private let inputs: ValueCounts?

  private let dropout: DropoutRate?
  private let penalty: (l1: Float, l2: Float)?
  private let activation: ActivationStage
  private let normalized, inverseDeviation: RowBuffer?
  /// Gradient by the output, while that by the product takes its place.
  private let skipped: RowBuffer?

  init(_ shape: HiddenPlan, _ site: LayerSite) {
    self.shape = shape
    let (spec, capacity, learns) = (site.spec, site.capacity, site.learns)
    dropout = learns && spec.dropout > 0 ? DropoutRate(spec.dropout) : nil
    let (l1, l2) = (spec.activationL1, spec.activationL2)
    penalty = l1 > 0 || l2 > 0 ? (l1, l2) : nil
    activation = ActivationStage(
      spec, units: shape.units, capacity: capacity, isResidual: shape.isResidual, learns: learns)
    y = activation.y
    stats = learns ? UnitStats(units: shape.units) : nil
    inputs = learns ? ValueCounts(units: shape.width) : nil
    func rows(_ width: Int) -> RowBuffer { RowBuffer(capacity: capacity, width: width) }
    normalized = shape.gain == nil ? nil : rows(shape.width)
    skipped = learns && shape.isResidual ? rows(shape.units) : nil
    inverseDeviation = shape.gain == nil ? nil : RowBuffer(capacity: capacity, width: 1, stride: 1)
  }

  var gradientWay: GradientWay { .overwrites }
  var bytes: Int { [normalized, inverseDeviation, skipped].reduce(activation.bytes) { $0 + ($1?.bytes ?? 0) } }
  var observed: ObservedLayer? {
    ObservedLayer(
      name: shape.name, y: activation.outputs, units: shape.units, stats: stats, inputs: inputs, inputWidth: shape.width
    )
  }

  func forward(_ context: LayerContext, rows first: Int, count: Int, _ flow: LayerInput, pass: ForwardPass) {
    let kernels = context.kernels
    kernels.denseForward(
      rows: count, x: flow.x, weights: shape.weights.matrix(in: context.parameters),
      bias: context.parameters + shape.bias.start, z: activation.z.dropFirst(first))
    context.times?.lap(shape.name, .product)
    context.walk?.note(shape.name, .product, activation.z.pointer, shape.width)
    normalize(context, rows: first, count: count)
    if pass.countsInputs {
      inputs?.add(activation.z.dropFirst(first), rows: count, units: shape.width, samples: count, kernels)
    }
    activation.forward(
      kernels, rows: first, count: count, slopes: shape.slope.map { UnsafePointer(context.parameters + $0.start) },
      stats: pass.countsHealth ? stats : nil)
    let y = y.dropFirst(first)
    context.times?.lap(shape.name, .activation)
    context.walk?.note(shape.name, .output, activation.outputs.pointer, shape.units)
    if let dropout, let keys = pass.dropoutKeys {
      kernels.dropout(rows: count, units: shape.units, y: y, keys: keys + first, salt: salt(pass), rate: dropout)
      context.times?.lap(shape.name, .dropout)
      if !shape.isResidual { context.walk?.note(shape.name, .passedOn, y.pointer, shape.units) }
    }
    guard shape.isResidual else { return }
    kernels.add(rows: count, units: shape.units, flow.x, to: y)
    context.times?.lap(shape.name, .skip)
    context.walk?.note(shape.name, .passedOn, y.pointer, shape.units)
  }

  private func salt(_ pass: ForwardPass) -> UInt64 { pass.dropoutSeed &+ UInt64(shape.index) &* 0x9e37_79b9_7f4a_7c15 }

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
    context.walk?.note(shape.name, .normalized, z.pointer, shape.width)
  }

  func backward(_ context: LayerContext, _ step: BackwardStep, _ flow: GradientFlow) {
    let kernels = context.kernels
    let (dy, input, columns) = (flow.dy, flow.input.x, flow.columns)
    let rows = step.rows
    if let penalty, let weights = step.batch.weights {
      for row in 0..<rows where step.batch.teaches(row) {
        let (y, dy, weight) = (y.from(row), dy.from(row), weights[row])
        for unit in 0..<shape.units {
          let sign: Float = y[unit] > 0 ? 1 : y[unit] < 0 ? -1 : 0
          dy[unit] += weight * (2 * penalty.l2 * y[unit] + penalty.l1 * sign)
        }
      }
    } else if let penalty {
      kernels.penalizeOutputs(
        rows: rows, units: shape.units, y: y, dy: dy, labels: step.batch.labels, labelStride: step.batch.labelCount,
        l1: penalty.l1, l2: penalty.l2)
    }
    // The skip connection's share, before dy turns into the gradient of what lies beside it.
    let skips = shape.isResidual && flow.dx != nil
    if skips { skipped?.copy(rows: rows, from: dy) }
    if let dropout, let keys = step.pass.dropoutKeys {
      kernels.dropout(rows: rows, units: shape.units, y: dy, keys: keys, salt: salt(step.pass), rate: dropout)
    }
    let dz = activation.inputGradient(dy)
    step.sums.sum(shape.offset ?? shape.bias, shape.slope) { rows, sums, slopes in
      activation.backward(
        kernels, rows: rows, dy: dy, slopes: shape.slope.map { UnsafePointer(context.parameters + $0.start) },
        sums: sums, slopeGradient: slopes)
    }
    context.times?.lap(shape.name, .backActivation)
    normalizeBackward(context, step, dz: dz)
    step.sums.weightGradient(shape.weights, x: input, dz: dz, scratch: step.scratch)
    context.times?.lap(shape.name, .weightGradient)
    step.order.finish(shape.weights)
    guard let dx = flow.dx, columns > 0 else { return }
    kernels.denseInputGradient(
      rows: rows, columns: columns, dz: dz, weights: shape.weights.matrix(in: context.parameters), dx: dx,
      scratch: step.scratch)
    if skips, let skipped { kernels.add(rows: rows, units: columns, skipped.rows, to: dx) }
    context.times?.lap(shape.name, .inputGradient)
  }

  private func normalizeBackward(_ context: LayerContext, _ step: BackwardStep, dz: Rows) {
    guard let gain = shape.gain, let normalized, let inverseDeviation else { return }
    step.sums.sum(shape.bias, gain) { rows, sums, gains in
      guard let gains else { preconditionFailure("a gain without its gradient") }
      let first = rows.lowerBound
      if shape.offset != nil {
        context.kernels.layerNormBackward(
          rows: rows.count, units: shape.width, dz: dz.dropFirst(first), gain: context.parameters + gain.start,
          normalized: normalized.rows.from(first), inverseDeviation: inverseDeviation.rows.from(first),
          gainGradient: gains, sums: sums)
      } else {
        context.kernels.rmsNormBackward(
          rows: rows.count, units: shape.width, dz: dz.dropFirst(first), gain: context.parameters + gain.start,
          normalized: normalized.rows.from(first), inverseRoot: inverseDeviation.rows.from(first),
          gainGradient: gains, sums: sums)
      }
    }
    context.times?.lap(shape.name, .backNormalization)
  }
}
