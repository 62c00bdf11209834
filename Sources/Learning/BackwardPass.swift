import Tensors

/// The way back through a network: gradient sums over the labelled rows of one batch. One thread at a time.
final class BackwardPass {
  let network: Network
  /// The layout of the parameters, overwritten by each pass.
  let gradient: AlignedBuffer<Float>
  let losses: AlignedBuffer<Float>
  /// Gradient by logit, stride as the logits'.
  let logitGradient: Rows
  /// Gradient by the network's input, embedding columns only; meaningless without embeddings.
  let inputGradient: Rows

  private let hiddenGradients: [Rows]
  private let storage: [AlignedBuffer<Float>]
  private let scratch: AlignedBuffer<Float>

  init(_ network: Network) {
    self.network = network
    let layout = network.layout
    gradient = AlignedBuffer(count: layout.count)
    losses = AlignedBuffer(count: network.capacity)
    var storage: [AlignedBuffer<Float>] = []
    func rows(stride: Int) -> Rows {
      storage.append(AlignedBuffer(count: network.capacity * stride + 16))
      return Rows(storage[storage.count - 1].pointer, stride: stride)
    }
    logitGradient = rows(stride: network.logits.stride)
    hiddenGradients = network.hidden.map { rows(stride: $0.y.stride) }
    inputGradient = rows(stride: rowStride(layout.inputWidth))
    scratch = AlignedBuffer(count: 16 * paddedToLanes(layout.hidden.map(\.outputs).max() ?? 0))
    self.storage = storage
  }

  /// - Returns: Labelled rows, the sum of their losses, and whether logits, losses and layer gradients are all numbers.
  func run(_ batch: FeatureBatch) -> LocalStep {
    let rows = network.count
    precondition(batch.count == rows, "backward follows predict of the same batch")
    network.lossGradient(batch, gradient: logitGradient, losses: losses.pointer)
    var labelled = 0
    var lossSum = 0.0
    var isFinite = true
    for row in 0..<rows where !batch.labels[row].isNaN {
      labelled += 1
      lossSum += Double(losses[row])
    }
    for row in 0..<rows where !network.isFinite(row) { isFinite = false }
    propagate(rows)
    isFinite = isFinite && lossSum.isFinite && biasSumsAreFinite
    return LocalStep(labelled: labelled, lossSum: lossSum, isFinite: isFinite)
  }

  private func propagate(_ rows: Int) {
    let layout = network.layout
    let kernels = network.kernels
    let weights = network.parameters.pointer
    let sums = gradient.pointer
    let head = layout.output
    let last = network.hidden.count - 1
    kernels.thinWeightGradient(
      rows: rows, inputs: head.inputs, outputs: head.outputs, x: last >= 0 ? network.hidden[last].y : network.x,
      dz: logitGradient, gradient: sums + head.weights, biasGradient: head.bias.map { sums + $0 })
    if let wide = layout.wide {
      kernels.thinWeightGradient(
        rows: rows, inputs: wide.inputs, outputs: wide.outputs, x: network.x.column(layout.embeddingWidth),
        dz: logitGradient, gradient: sums + wide.weights, biasGradient: nil)
    }
    if last >= 0 || layout.embeddingWidth > 0 {
      kernels.thinInputGradient(
        rows: rows, inputs: head.inputs, outputs: head.outputs, dz: logitGradient, weights: weights + head.weights,
        dx: last >= 0 ? hiddenGradients[last] : inputGradient)
    }
    for index in stride(from: last, through: 0, by: -1) { propagate(rows, layer: index) }
  }

  private func propagate(_ rows: Int, layer index: Int) {
    let kernels = network.kernels
    let weights = network.parameters.pointer
    let sums = gradient.pointer
    let layer = network.hidden[index]
    let shape = layer.shape
    let dz = hiddenGradients[index]
    kernels.activateBackward(
      network.formula, rows: rows, units: shape.outputs, dy: dz, y: layer.y, derivative: layer.derivative,
      sums: sums + (shape.offset ?? shape.bias))
    if let gain = shape.gain, let normalized = layer.normalized, let inverseDeviation = layer.inverseDeviation {
      kernels.layerNormBackward(
        rows: rows, units: shape.outputs, dz: dz, gain: weights + gain, normalized: normalized,
        inverseDeviation: inverseDeviation, gainGradient: sums + gain, sums: sums + shape.bias)
    }
    let input = index > 0 ? network.hidden[index - 1].y : network.x
    kernels.denseWeightGradient(
      rows: rows, inputs: shape.inputs, outputs: shape.outputs, x: input, dz: dz, gradient: sums + shape.weights)
    let columns = index > 0 ? shape.inputs : network.layout.embeddingWidth
    guard columns > 0 else { return }
    kernels.denseInputGradient(
      rows: rows, inputs: shape.inputs, outputs: shape.outputs, columns: columns, dz: dz,
      weights: weights + shape.weights,
      dx: index > 0 ? hiddenGradients[index - 1] : inputGradient, scratch: scratch.pointer)
  }

  /// The sums of each layer's gradients: a NaN or an infinity in any of them shows here.
  private var biasSumsAreFinite: Bool {
    let layout = network.layout
    for layer in layout.hidden where !gradientIsFinite(layer.bias, layer.outputs) { return false }
    return layout.output.bias.map { gradientIsFinite($0, layout.output.outputs) } ?? true
  }

  func gradientIsFinite(_ start: Int, _ count: Int) -> Bool {
    var check: Float = 0
    for index in start..<(start + count) { check += gradient[index] - gradient[index] }
    return check == 0
  }
}
