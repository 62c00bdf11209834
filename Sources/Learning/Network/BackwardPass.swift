import Tensors

/// The way back through a network: gradient sums over the labelled rows of one batch. One thread at a time.
final class BackwardPass {
  let network: Network
  /// The layout of the parameters, overwritten by each pass.
  let gradient: AlignedBuffer<Float>
  /// Gradient by the network's input, embedding columns only; meaningless without embeddings.
  let inputGradient: Rows

  private let inputBuffer: RowBuffer
  private let hiddenGradients: [RowBuffer]
  /// Gradients of further heads, before they join the first one's.
  private let spare: RowBuffer?
  private let scratch: AlignedBuffer<Float>

  init(_ network: Network) {
    self.network = network
    let layout = network.layout
    gradient = AlignedBuffer(count: layout.count)
    hiddenGradients = network.hidden.map { RowBuffer(capacity: network.capacity, width: $0.shape.units) }
    inputBuffer = RowBuffer(capacity: network.capacity, width: layout.inputWidth)
    inputGradient = inputBuffer.rows
    let widest = max(layout.topWidth, layout.crosses.isEmpty ? 0 : layout.inputWidth, layout.pooledWidth)
    spare = network.heads.count > 1 ? RowBuffer(capacity: network.capacity, width: widest) : nil
    let outputs = network.layout.segments.flatMap { $0.blocks.map(\.outputs) }
    scratch = AlignedBuffer(count: Kernels.scratchCount(outputs: outputs.max() ?? 0))
  }

  /// - Parameter dropoutSeed: Decides what is dropped, where the spec drops.
  /// - Returns: Labelled rows, the sum of their losses, and whether logits, losses and layer gradients are all numbers.
  func run(_ batch: FeatureBatch, dropoutSeed: UInt64) -> LocalStep {
    let rows = network.count
    precondition(batch.count == rows, "backward follows predict of the same batch")
    network.times?.begin()
    for head in network.heads { head.lossGradient(network.kernels, batch, network.normalizer) }
    // Before another pass thins the network: calibration is of what was answered.
    for head in network.heads { head.temperatureGradient(network.context, batch, gradient: gradient.pointer) }
    network.times?.lap("output", .loss)
    var local = LocalStep(labelled: 0, lossSum: 0, isFinite: true)
    let losses = network.primary.losses
    for row in 0..<rows where !batch.labels[row * batch.labelCount].isNaN {
      local.labelled += 1
      local.lossSum += Double(losses[row])
    }
    for row in 0..<rows where !network.isFinite(row) { local.isFinite = false }
    var pass = ForwardPass()
    if network.spec.dropout > 0 {
      // What was predicted is the answer; what is learned from goes through a thinned network.
      (pass.dropoutKeys, pass.dropoutSeed) = (UnsafePointer(batch.keys), dropoutSeed)
      network.forward(batch, pass)
      for head in network.heads { head.lossGradient(network.kernels, batch, network.normalizer) }
    }
    propagate(
      BackwardStep(
        rows: rows, batch: batch, pass: pass, gradient: gradient.pointer, scratch: scratch.pointer))
    local.isFinite = local.isFinite && local.lossSum.isFinite && biasSumsAreFinite
    return local
  }

  private func propagate(_ step: BackwardStep) {
    let layout = network.layout
    let context = network.context
    let last = network.hidden.count - 1
    let top = last >= 0 ? hiddenGradients[last].rows : inputGradient
    let inputs = Head.Inputs(
      top: last >= 0 ? network.hidden[last].y : network.x, cross: network.cross?.output,
      pooled: network.pairs?.pooled, wide: network.x.column(layout.embeddingWidth))
    let wantsInput = layout.embeddingWidth > 0
    for (index, head) in network.heads.enumerated() {
      head.weightGradients(context, step, inputs)
      func measure(_ block: ParameterBlock?, _ dx: Rows?) {
        guard let block, block.inputs > 0, let dx else { return }
        guard index > 0, let spare else { return head.inputGradient(context, step, block, dx: dx) }
        let extra = Rows(spare.rows.pointer, stride: dx.stride)
        head.inputGradient(context, step, block, dx: extra)
        context.kernels.add(rows: step.rows, units: block.inputs, extra, to: dx)
      }
      if last >= 0 || wantsInput { measure(head.shape.weights, top) }
      measure(head.shape.crossWeights, network.cross?.topGradient)
      measure(head.shape.interactions, network.pairs?.topGradient)
    }
    context.times?.lap("output", .weightGradient)
    for index in stride(from: last, through: 0, by: -1) {
      network.hidden[index].backward(
        context, step, dy: hiddenGradients[index].rows, input: index > 0 ? network.hidden[index - 1].y : network.x,
        dx: index > 0 ? hiddenGradients[index - 1].rows : inputGradient,
        columns: index > 0 ? network.hidden[index].shape.inputs : layout.embeddingWidth)
    }
    network.cross?.backward(
      context, step, x0: network.x, inputGradient: inputGradient, columns: layout.embeddingWidth)
    if let pairs = network.pairs {
      pairs.backward(context, step, x: network.x, inputGradient: inputGradient)
      context.times?.lap("interactions", .inputGradient)
    }
    network.inputActivation?.backward(context.kernels, rows: step.rows, inputGradient: inputGradient)
  }

  /// The sums of each layer's gradients: a NaN or an infinity in any of them shows here.
  private var biasSumsAreFinite: Bool {
    for segment in network.layout.segments {
      for block in segment.blocks where block.role == .bias && !gradientIsFinite(block.range) { return false }
    }
    return true
  }

  func gradientIsFinite(_ range: Range<Int>) -> Bool {
    var check: Float = 0
    for index in range { check += gradient[index] - gradient[index] }
    return check == 0
  }
}
