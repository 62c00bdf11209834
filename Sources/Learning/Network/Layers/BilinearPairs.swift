import Tensors

/// The form of bilinear interactions.
struct BilinearPlan: LayerPlan {
  /// Embeddings a record, each of `width`.
  let fields, width: Int
  let weights: ParameterBlock

  init(fields: Int, width: Int, _ blocks: inout BlockTaker) {
    (self.fields, self.width) = (fields, width)
    weights = blocks.take(.weight, inputs: width, outputs: width)
  }

  var name: String { "bilinear" }
  var input: Extent { Extent(steps: fields, width: width) }
  var output: Extent { Extent(width: width) }
  var blocks: [ParameterBlock] { [weights] }
  var signature: String? { "bilinear" }
  var outputAxis: BlockAxes.Axis { .places }
  func makeLayer(_ site: LayerSite) -> any Layer { BilinearPairs(self, site) }
  func axes(of block: ParameterBlock, readsColumns: Bool) -> BlockAxes { BlockAxes(.places, .places) }
}

/// y = Σ (v_i·W) ⊙ v_j over the pairs i < j of a record's embeddings, with one matrix W for all of them. Buffers for a batch.
///
/// The sum over i comes first: with p_j = v_1 + … + v_{j−1} it is Σ_j (p_j·W) ⊙ v_j, one product a field instead of one a
/// pair.
///
/// - Source: Huang, Zhang & Zhang 2019, "FiBiNET: combining feature importance and bilinear feature interaction for
///   click-through rate prediction", equation 5 (field-all), pooled.
final class BilinearPairs: Layer {
  let plan: BilinearPlan
  let y: Rows
  private let output: RowBuffer
  /// A row for each record and each field but the first: p_j, p_j·W, and on the way back the gradient by each.
  private let prefixes, products, prefixGradient, productGradient: RowBuffer
  private let stats: UnitStats?

  init(_ plan: BilinearPlan, _ site: LayerSite) {
    self.plan = plan
    output = RowBuffer(capacity: site.capacity, width: plan.width)
    y = output.rows
    let pairs = site.capacity * (plan.fields - 1)
    prefixes = RowBuffer(capacity: pairs, width: plan.width)
    products = RowBuffer(capacity: pairs, width: plan.width)
    prefixGradient = RowBuffer(capacity: site.learns ? pairs : 0, width: plan.width)
    productGradient = RowBuffer(capacity: site.learns ? pairs : 0, width: plan.width)
    stats = site.learns ? UnitStats(units: plan.width) : nil
  }

  var gradientWay: GradientWay { .adds }
  var bytes: Int { [output, prefixes, products, prefixGradient, productGradient].reduce(0) { $0 + $1.bytes } }
  var observed: ObservedLayer? { ObservedLayer(name: plan.name, y: y, units: plan.width, stats: stats) }

  func forward(_ context: LayerContext, rows first: Int, count: Int, _ flow: LayerInput, pass: ForwardPass) {
    let (width, later) = (plan.width, plan.fields - 1)
    for row in 0..<count {
      let v = flow.x.from(row)
      for field in 0..<later {
        let prefix = prefixes.rows.from((first + row) * later + field)
        let before = field > 0 ? prefix - prefixes.rows.stride : nil
        for unit in 0..<width { prefix[unit] = v[field * width + unit] + (before?[unit] ?? 0) }
      }
    }
    context.kernels.denseForward(
      rows: count * later, x: prefixes.rows.dropFirst(first * later),
      weights: plan.weights.matrix(in: context.parameters), bias: nil, z: products.rows.dropFirst(first * later))
    for row in 0..<count {
      let (v, sum) = (flow.x.from(row) + width, y.from(first + row))
      for unit in 0..<width { sum[unit] = 0 }
      for field in 0..<later {
        let u = products.rows.from((first + row) * later + field)
        for unit in 0..<width { sum[unit] += u[unit] * v[field * width + unit] }
      }
    }
    context.times?.lap(plan.name, .product)
    context.walk?.note(plan.name, .output, y.dropFirst(first).pointer, plan.width)
    guard pass.countsHealth else { return }
    context.kernels.activate(
      .identity, rows: count, units: width, z: y.dropFirst(first), derivative: nil, stats: stats)
  }

  func backward(_ context: LayerContext, _ step: BackwardStep, _ flow: GradientFlow) {
    let (width, later) = (plan.width, plan.fields - 1)
    for row in 0..<step.rows {
      let (v, dy) = (flow.input.x.from(row) + width, flow.dy.from(row))
      for field in 0..<later {
        let du = productGradient.rows.from(row * later + field)
        for unit in 0..<width { du[unit] = dy[unit] * v[field * width + unit] }
      }
    }
    step.sums.weightGradient(
      plan.weights, x: prefixes.rows, dz: productGradient.rows, rowsPerRecord: later, scratch: step.scratch)
    context.times?.lap(plan.name, .weightGradient)
    step.order.finish(plan.weights)
    guard let dx = flow.dx else { return }
    context.kernels.denseInputGradient(
      rows: step.rows * later, columns: width, dz: productGradient.rows,
      weights: plan.weights.matrix(in: context.parameters), dx: prefixGradient.rows, scratch: step.scratch)
    for row in 0..<step.rows { addInputGradient(row, dy: flow.dy.from(row), dx: dx.from(row)) }
    context.times?.lap(plan.name, .inputGradient)
  }

  /// v_j is a factor of its own term, and a summand of every later field's prefix.
  private func addInputGradient(_ row: Int, dy: UnsafeMutablePointer<Float>, dx: UnsafeMutablePointer<Float>) {
    let (width, later) = (plan.width, plan.fields - 1)
    for unit in 0..<width {
      var suffix: Float = 0
      for field in stride(from: later - 1, through: 0, by: -1) {
        let place = row * later + field
        dx[(field + 1) * width + unit] += suffix + dy[unit] * products.rows.from(place)[unit]
        suffix += prefixGradient.rows.from(place)[unit]
      }
      dx[unit] += suffix
    }
  }
}
