import Tensors

/// The form of pooled interactions.
struct PairPlan: LayerPlan {
  /// Embeddings a record, each of `width`.
  let fields, width: Int

  var name: String { "interactions" }
  var input: Extent { Extent(steps: fields, width: width) }
  var output: Extent { Extent(width: width) }
  var blocks: [ParameterBlock] { [] }
  var outputAxis: BlockAxes.Axis { .places }
  func makeLayer(_ site: LayerSite) -> any Layer { PairPooling(self, site) }
  func axes(of block: ParameterBlock, readsColumns: Bool) -> BlockAxes { BlockAxes(.places, .places) }
}

/// The interactions of all pairs of embeddings, pooled into one vector beside the deep part. Buffers for a batch.
///
/// - Source: Rendle 2010, "Factorization machines"; Guo et al. 2017, "DeepFM"; He & Chua 2017, "Neural factorization
///   machines", equation 4 (pooling, so that each output weighs the vector's elements itself).
final class PairPooling: Layer {
  let plan: PairPlan
  let y: Rows
  private let output, sum: RowBuffer

  init(_ plan: PairPlan, _ site: LayerSite) {
    self.plan = plan
    output = RowBuffer(capacity: site.capacity, width: plan.width)
    sum = RowBuffer(capacity: site.capacity, width: plan.width)
    y = output.rows
  }

  var observed: ObservedLayer? { nil }
  var gradientWay: GradientWay { .adds }
  var bytes: Int { output.bytes + sum.bytes }

  func forward(_ context: LayerContext, rows first: Int, count: Int, _ flow: LayerInput, pass: ForwardPass) {
    context.kernels.pairs(
      rows: count, fields: plan.fields, width: plan.width, x: flow.x, sum: sum.rows.dropFirst(first),
      pooled: y.dropFirst(first))
    context.times?.lap(plan.name, .product)
    context.walk?.note(plan.name, .output, y.dropFirst(first).pointer, plan.width)
  }

  func backward(_ context: LayerContext, _ step: BackwardStep, _ flow: GradientFlow) {
    guard let dx = flow.dx else { return }
    context.kernels.pairsBackward(
      rows: step.rows, fields: plan.fields, width: plan.width, x: flow.input.x, sum: sum.rows, dpooled: flow.dy, dx: dx)
    context.times?.lap(plan.name, .inputGradient)
  }
}
