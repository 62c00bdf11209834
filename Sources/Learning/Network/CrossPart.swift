import Tensors

/// The cross layers, one after the other, beside the deep part.
final class CrossPart {
  let layers: [CrossLayer]
  /// Gradient by the last layer's output, to be written by the heads.
  let topGradient: Rows

  private let dy, dx0, spare: RowBuffer

  /// nil: the spec has none.
  init?(_ layout: ParameterLayout, capacity: Int, learns: Bool) {
    guard !layout.crosses.isEmpty else { return nil }
    layers = layout.crosses.map { CrossLayer($0, capacity: capacity, learns: learns) }
    func rows() -> RowBuffer { RowBuffer(capacity: learns ? capacity : 0, width: layout.inputWidth) }
    (dy, dx0, spare) = (rows(), rows(), rows())
    topGradient = dy.rows
  }

  var output: Rows { layers[layers.count - 1].y }

  func forward(_ context: LayerContext, rows first: Int, count: Int, x0: Rows, pass: ForwardPass) {
    var x = x0
    for layer in layers {
      layer.forward(context, rows: first, count: count, x0: x0, x: x, pass: pass)
      x = layer.y.dropFirst(first)
    }
  }

  /// Adds the gradient by the first `columns` inputs to `inputGradient`.
  func backward(_ context: LayerContext, _ step: BackwardStep, x0: Rows, inputGradient: Rows, columns: Int) {
    dx0.clear(rows: step.rows)
    for index in layers.indices.reversed() {
      layers[index].backward(
        context, step, dy: dy.rows, x0: x0, x: index > 0 ? layers[index - 1].y : x0, dx0: dx0.rows, spare: spare.rows)
    }
    guard columns > 0 else { return }
    context.kernels.add(rows: step.rows, units: columns, dy.rows, to: inputGradient)
    context.kernels.add(rows: step.rows, units: columns, dx0.rows, to: inputGradient)
  }
}
