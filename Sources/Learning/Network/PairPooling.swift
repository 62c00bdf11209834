import Tensors

/// The interactions of all pairs of embeddings, pooled into one vector beside the deep part.
///
/// - Source: Rendle 2010, "Factorization machines"; Guo et al. 2017, "DeepFM"; He & Chua 2017, "Neural factorization
///   machines", equation 4 (pooling, so that each output weighs the vector's elements itself).
final class PairPooling {
  let fields, width: Int
  let pooled: Rows
  /// Gradient by `pooled`, to be written by the heads.
  let topGradient: Rows

  private let output, sum, gradient: RowBuffer

  /// nil: the spec has none.
  init?(_ spec: LearnerSpec, _ layout: ParameterLayout, capacity: Int) {
    guard layout.pooledWidth > 0 else { return nil }
    fields = spec.categories.count
    width = layout.pooledWidth
    precondition(
      spec.categories.allSatisfy { $0.dimension == layout.pooledWidth }, "interactions need embeddings of one dimension"
    )
    output = RowBuffer(capacity: capacity, width: width)
    sum = RowBuffer(capacity: capacity, width: width)
    gradient = RowBuffer(capacity: capacity, width: width)
    pooled = output.rows
    topGradient = gradient.rows
  }

  /// `x` lies at row `first` already.
  func forward(_ context: LayerContext, rows first: Int, count: Int, x: Rows) {
    context.kernels.pairs(
      rows: count, fields: fields, width: width, x: x, sum: sum.rows.dropFirst(first), pooled: pooled.dropFirst(first))
  }

  /// Adds the gradient by the embeddings to `inputGradient`.
  func backward(_ context: LayerContext, _ step: BackwardStep, x: Rows, inputGradient: Rows) {
    context.kernels.pairsBackward(
      rows: step.rows, fields: fields, width: width, x: x, sum: sum.rows, dpooled: topGradient, dx: inputGradient)
  }
}
