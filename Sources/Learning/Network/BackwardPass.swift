import Tensors

/// The way back through a network: gradient sums over the labelled rows of one batch. One thread at a time.
final class BackwardPass {
  let network: Network
  /// The layout of the parameters, overwritten by each pass.
  let gradient: AlignedBuffer<Float>

  /// Gradients of further heads, before they join the first one's.
  private let spare: RowBuffer?
  private let scratch: AlignedBuffer<Float>

  init(_ network: Network) {
    self.network = network
    let layout = network.layout
    gradient = AlignedBuffer(count: layout.count)
    let widest = layout.branches.map(\.output.count).max() ?? 0
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
    for head in network.heads { head.objective.lossGradient(network.kernels, batch, network.normalizer) }
    // Before another pass thins the network: calibration is of what was answered.
    for head in network.heads {
      head.objective.temperatureGradient(network.context, batch, gradient: gradient.pointer)
    }
    network.times?.lap("output", .loss)
    var local = LocalStep(labelled: 0, lossSum: 0, isFinite: true)
    let losses = network.primary.losses
    let weights = batch.weights
    for row in 0..<rows where !batch.labels[row * batch.labelCount].isNaN {
      local.labelled += 1
      guard let weights else {
        local.lossSum += Double(losses[row])
        local.weight += 1
        continue
      }
      // What teaches nothing may well have an infinite loss.
      guard weights[row] > 0 else { continue }
      local.lossSum += Double(losses[row]) * Double(weights[row])
      local.weight += Double(weights[row])
    }
    for row in 0..<rows where !network.isFinite(row) { local.isFinite = false }
    var pass = ForwardPass()
    if network.spec.deep.dropout > 0 {
      // What was predicted is the answer; what is learned from goes through a thinned network.
      (pass.dropoutKeys, pass.dropoutSeed) = (UnsafePointer(batch.keys), dropoutSeed)
      network.forward(batch, pass)
      for head in network.heads { head.objective.lossGradient(network.kernels, batch, network.normalizer) }
    }
    propagate(
      BackwardStep(
        rows: rows, batch: batch, pass: pass, gradient: gradient.pointer, scratch: scratch.pointer))
    local.isFinite = local.isFinite && local.lossSum.isFinite && biasSumsAreFinite
    return local
  }

  private func propagate(_ step: BackwardStep) {
    let context = network.context
    for (index, head) in network.heads.enumerated() {
      head.weightGradients(context, step, network.branches)
      for reading in head.shape.readings where reading.weights.inputs > 0 {
        guard let dy = network.branches[reading.branch].outputGradient else { continue }
        guard index > 0, let spare else {
          head.outputGradient(context, step, reading.weights, dy: dy)
          continue
        }
        head.outputGradient(context, step, reading.weights, dy: spare.rows)
        context.kernels.add(rows: step.rows, units: reading.weights.inputs, spare.rows, to: dy)
      }
    }
    context.times?.lap("output", .weightGradient)
    for branch in network.branches { branch.backward(context, step) }
    for encoder in network.encoders { encoder.backward(context, rows: step.rows) }
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
