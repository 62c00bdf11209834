import Tensors

/// One cross layer, y = x₀ ⊙ (W·x + b) + x, over the network's input x₀. Buffers for a batch.
///
/// - Source: Wang et al. 2021, "DCN V2: improved deep & cross network", equations 1 and 2 (W as one matrix, or of low rank).
final class CrossLayer {
  let shape: ParameterLayout.Cross
  let y: Rows
  /// nil in a predictor.
  let stats: UnitStats?

  private let output, product: RowBuffer
  private let narrow: RowBuffer?
  private let narrowGradient, productGradient: RowBuffer?

  init(_ shape: ParameterLayout.Cross, capacity: Int, learns: Bool) {
    self.shape = shape
    output = RowBuffer(capacity: capacity, width: shape.width)
    product = RowBuffer(capacity: capacity, width: shape.width)
    y = output.rows
    let rank = shape.narrow?.outputs
    narrow = rank.map { RowBuffer(capacity: capacity, width: $0) }
    narrowGradient = learns ? rank.map { RowBuffer(capacity: capacity, width: $0) } : nil
    productGradient = learns ? RowBuffer(capacity: capacity, width: shape.width) : nil
    stats = learns ? UnitStats(units: shape.width) : nil
  }

  /// `x0` and `x` lie at row `first` already.
  func forward(_ context: LayerContext, rows first: Int, count: Int, x0: Rows, x: Rows, pass: ForwardPass) {
    let kernels = context.kernels
    let parameters = context.parameters
    var input = x
    if let block = shape.narrow, let narrow {
      let z = narrow.rows.dropFirst(first)
      kernels.denseForward(
        rows: count, inputs: block.inputs, outputs: block.outputs, x: x, weights: parameters + block.start, bias: nil,
        z: z)
      input = z
    }
    let u = product.rows.dropFirst(first)
    kernels.denseForward(
      rows: count, inputs: shape.weights.inputs, outputs: shape.width, x: input,
      weights: parameters + shape.weights.start, bias: parameters + shape.bias.start, z: u)
    let y = y.dropFirst(first)
    kernels.cross(rows: count, units: shape.width, x0: x0, u: u, x: x, y: y)
    context.times?.lap(shape.name, .product)
    if pass.countsHealth {
      kernels.activate(.identity, rows: count, units: shape.width, z: y, derivative: nil, stats: stats)
    }
  }

  /// - Parameters:
  ///   - dy: By the layer's output; becomes the gradient by its input x.
  ///   - dx0: Gains the gradient by x₀ through the product.
  ///   - spare: Rows of the same width.
  func backward(_ context: LayerContext, _ step: BackwardStep, dy: Rows, x0: Rows, x: Rows, dx0: Rows, spare: Rows) {
    guard let du = productGradient?.rows else { preconditionFailure("a predictor goes forward only") }
    let kernels = context.kernels
    let parameters = context.parameters
    let gradient = step.gradient
    let width = shape.width
    kernels.crossBackward(
      rows: step.rows, units: width, dy: dy, x0: x0, u: product.rows, du: du, dx0: dx0,
      sums: gradient + shape.bias.start)
    var (dz, input) = (du, x)
    if let narrow, let narrowGradient {
      kernels.denseInputGradient(
        rows: step.rows, inputs: shape.weights.inputs, outputs: width, columns: shape.weights.inputs, dz: du,
        weights: parameters + shape.weights.start, dx: narrowGradient.rows, scratch: step.scratch)
      (dz, input) = (narrowGradient.rows, narrow.rows)
    }
    kernels.denseWeightGradient(
      rows: step.rows, inputs: shape.weights.inputs, outputs: width, x: input, dz: du,
      gradient: gradient + shape.weights.start, scratch: step.scratch)
    context.times?.lap(shape.name, .weightGradient)
    let first = shape.narrow ?? shape.weights
    if let block = shape.narrow {
      kernels.denseWeightGradient(
        rows: step.rows, inputs: width, outputs: block.outputs, x: x, dz: dz, gradient: gradient + block.start,
        scratch: step.scratch)
    }
    kernels.denseInputGradient(
      rows: step.rows, inputs: width, outputs: first.outputs, columns: width, dz: dz,
      weights: parameters + first.start, dx: spare, scratch: step.scratch)
    kernels.add(rows: step.rows, units: width, spare, to: dy)
    context.times?.lap(shape.name, .inputGradient)
  }
}
