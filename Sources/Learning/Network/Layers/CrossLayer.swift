import Tensors

/// The form of a cross layer: y = x₀ ⊙ (W·x + b) + x, where W is one matrix, or the product of two with few columns between.
struct CrossPlan: LayerPlan {
  let name: String
  let width: Int
  /// nil: W is `weights` alone.
  let narrow: ParameterBlock?
  let weights, bias: ParameterBlock

  /// - Parameter rank: Columns between the two factors of W; 0: one matrix.
  init(index: Int, width: Int, rank: Int, _ blocks: inout BlockTaker) {
    name = "cross_\(index + 1)"
    self.width = width
    narrow = rank > 0 ? blocks.take(.weight, inputs: width, outputs: rank) : nil
    weights = blocks.take(.weight, inputs: narrow?.outputs ?? width, outputs: width)
    bias = blocks.take(.bias, outputs: width)
  }

  var input: Extent { Extent(width: width) }
  var output: Extent { Extent(width: width) }
  var blocks: [ParameterBlock] { [narrow, weights, bias].compactMap { $0 } }
  var outputAxis: BlockAxes.Axis { .columns }
  func makeLayer(_ site: LayerSite) -> any Layer { CrossLayer(self, site) }

  func axes(of block: ParameterBlock, readsColumns: Bool) -> BlockAxes {
    if block == narrow { return BlockAxes(.columns, .places) }
    return BlockAxes(block == weights && narrow == nil ? .columns : .places, .columns)
  }
}

/// One cross layer, y = x₀ ⊙ (W·x + b) + x, over the network's input x₀. Buffers for a batch.
///
/// - Source: Wang et al. 2021, "DCN V2: improved deep & cross network", equations 1 and 2 (W as one matrix, or of low rank).
final class CrossLayer: Layer {
  let shape: CrossPlan
  let y: Rows
  /// nil in a predictor.
  private let stats: UnitStats?

  private let output, product: RowBuffer
  private let narrow: RowBuffer?
  private let narrowGradient, productGradient: RowBuffer?

  init(_ shape: CrossPlan, _ site: LayerSite) {
    self.shape = shape
    let (capacity, learns) = (site.capacity, site.learns)
    output = RowBuffer(capacity: capacity, width: shape.width)
    product = RowBuffer(capacity: capacity, width: shape.width)
    y = output.rows
    let rank = shape.narrow?.outputs
    narrow = rank.map { RowBuffer(capacity: capacity, width: $0) }
    narrowGradient = learns ? rank.map { RowBuffer(capacity: capacity, width: $0) } : nil
    productGradient = learns ? RowBuffer(capacity: capacity, width: shape.width) : nil
    stats = learns ? UnitStats(units: shape.width) : nil
  }

  var gradientWay: GradientWay { .inPlace }
  var bytes: Int { [output, product, narrow, narrowGradient, productGradient].reduce(0) { $0 + ($1?.bytes ?? 0) } }
  var observed: ObservedLayer? { ObservedLayer(name: shape.name, y: y, units: shape.width, stats: stats) }

  func forward(_ context: LayerContext, rows first: Int, count: Int, _ flow: LayerInput, pass: ForwardPass) {
    let kernels = context.kernels
    let (x0, x) = (flow.root, flow.x)
    let parameters = context.parameters
    var input = x
    if let block = shape.narrow, let narrow {
      let z = narrow.rows.dropFirst(first)
      kernels.denseForward(
        rows: count, x: x, weights: block.matrix(in: parameters), bias: nil, z: z)
      input = z
    }
    let u = product.rows.dropFirst(first)
    kernels.denseForward(
      rows: count, x: input, weights: shape.weights.matrix(in: parameters), bias: parameters + shape.bias.start, z: u)
    let y = y.dropFirst(first)
    kernels.cross(rows: count, units: shape.width, x0: x0, u: u, x: x, y: y)
    context.times?.lap(shape.name, .product)
    context.walk?.note(shape.name, .product, u.pointer, shape.width)
    context.walk?.note(shape.name, .output, y.pointer, shape.width)
    if pass.countsHealth {
      kernels.activate(.identity, rows: count, units: shape.width, z: y, derivative: nil, stats: stats)
    }
  }

  func backward(_ context: LayerContext, _ step: BackwardStep, _ flow: GradientFlow) {
    guard let du = productGradient?.rows, let dx0 = flow.rootGradient, let spare = flow.spare else {
      preconditionFailure("a predictor goes forward only")
    }
    let (dy, x0, x) = (flow.dy, flow.input.root, flow.input.x)
    let kernels = context.kernels
    let parameters = context.parameters
    let width = shape.width
    step.sums.sum(shape.bias) { rows, sums, _ in
      let first = rows.lowerBound
      kernels.crossBackward(
        rows: rows.count, units: width, dy: dy.dropFirst(first), x0: x0.dropFirst(first),
        u: product.rows.dropFirst(first), du: du.dropFirst(first), dx0: dx0.dropFirst(first), sums: sums)
    }
    var (dz, input) = (du, x)
    if let narrow, let narrowGradient {
      kernels.denseInputGradient(
        rows: step.rows, columns: shape.weights.inputs, dz: du, weights: shape.weights.matrix(in: parameters),
        dx: narrowGradient.rows, scratch: step.scratch)
      (dz, input) = (narrowGradient.rows, narrow.rows)
    }
    step.sums.weightGradient(shape.weights, x: input, dz: du, scratch: step.scratch)
    if let block = shape.narrow { step.sums.weightGradient(block, x: x, dz: dz, scratch: step.scratch) }
    context.times?.lap(shape.name, .weightGradient)
    step.order.finish(shape.weights)
    let first = shape.narrow ?? shape.weights
    kernels.denseInputGradient(
      rows: step.rows, columns: width, dz: dz, weights: first.matrix(in: parameters), dx: spare, scratch: step.scratch)
    kernels.add(rows: step.rows, units: width, spare, to: dy)
    context.times?.lap(shape.name, .inputGradient)
  }
}
