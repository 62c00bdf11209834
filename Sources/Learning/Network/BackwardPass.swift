import Tensors

/// The way back through a network: gradient sums over the labelled rows of one batch. One thread at a time.
final class BackwardPass {
  let network: Network
  /// The layout of the parameters, once for each node that this rank adds up, and once at least; overwritten by each pass.
  private(set) var vectors: AlignedBuffer<Float>
  /// How the parts of a batch are added up; nil: there are none.
  private(set) var plan: PartPlan?
  /// By part of the last pass: what `run` says of all of them.
  private(set) var partSteps: [LocalStep] = []

  let order: GradientOrder
  /// Gradients of further heads, before they join the first one's.
  private let spare: RowBuffer?
  private let scratch: AlignedBuffer<Float>

  init(_ network: Network) {
    self.network = network
    let layout = network.layout
    vectors = AlignedBuffer(count: layout.count)
    order = GradientOrder(layout)
    let widest = layout.branches.map(\.output.count).max() ?? 0
    spare = network.heads.count > 1 ? RowBuffer(capacity: network.capacity, width: widest) : nil
    let outputs = network.layout.segments.flatMap { $0.blocks.map(\.outputs) }
    scratch = AlignedBuffer(count: Kernels.scratchCount(outputs: outputs.max() ?? 0))
  }

  /// From now on sums are made like this. What was summed is gone.
  func sum(by summation: Summation) {
    partSteps.removeAll(keepingCapacity: true)
    let layout = network.layout
    switch summation {
    case .whole: plan = nil
    case .byPartition(let tree, let stretch): plan = PartPlan(tree, stretch: stretch, layout: layout)
    }
    vectors = AlignedBuffer(count: max(1, plan?.nodes.count ?? 1) * layout.count)
  }

  /// The first vector: the place of all ranks' sum.
  var gradient: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: vectors.pointer, count: network.layout.count)
  }

  /// This rank's share of the sum: a vector a node.
  var nodes: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: vectors.pointer, count: (plan?.nodes.count ?? 1) * network.layout.count)
  }

  /// What was summed is gone: a rank without records adds nothing.
  func forget() {
    forgetParts()
    vectors.clear()
  }

  /// An empty array without memory would ask for some.
  private func forgetParts() {
    if !partSteps.isEmpty { partSteps.removeAll(keepingCapacity: true) }
  }

  /// Adds +0 to the sum of all ranks: whether nodes without rows were added to it as zeros or left out may decide the sign of
  /// a zero.
  func finishSum() {
    let gradient = vectors.pointer
    for index in 0..<network.layout.count { gradient[index] += 0 }
  }

  /// - Parameters:
  ///   - parts: Of the batch; nil: its rows are summed at once, into the first vector.
  ///   - dropoutSeed: Decides what is dropped, where the spec drops.
  ///   - watch: Called with the number of stretches that are final (`GradientOrder`); not by parts.
  /// - Returns: Labelled rows, the sum of their losses, and whether logits, losses and layer gradients are all numbers: of
  ///   these the sums of each layer's are looked at. What only a product with a large input makes infinite shows in the norm of
  ///   the sum over all ranks.
  func run(
    _ batch: FeatureBatch, parts: BatchParts?, dropoutSeed: UInt64, watch: ((Int) -> Void)? = nil
  ) -> LocalStep {
    let rows = network.count
    precondition(batch.count == rows, "backward follows predict of the same batch")
    if let parts {
      guard let plan else { preconditionFailure("parts of a batch that is summed as a whole") }
      plan.take(parts, rows: rows)
      for node in plan.nodes.indices where plan.isAbsent[node] {
        (vectors.pointer + node * plan.count).update(repeating: 0, count: plan.count)
      }
    }
    let sums = GradientSums(
      kernels: network.kernels, rows: rows, gradient: vectors.pointer, plan: parts == nil ? nil : plan)
    network.times?.begin()
    for head in network.heads { head.objective.lossGradient(network.kernels, batch, network.normalizer) }
    // Before another pass thins the network: calibration is of what was answered.
    for head in network.heads {
      head.objective.temperatureGradient(network.context, batch, sums)
    }
    network.times?.lap("output", .loss)
    var local = count(batch, parts)
    if let walk = network.walk { noteLosses(batch, local, walk) }
    var pass = ForwardPass()
    if network.spec.deep.dropout > 0 {
      // What was predicted is the answer; what is learned from goes through a thinned network.
      (pass.dropoutKeys, pass.dropoutSeed) = (UnsafePointer(batch.keys), dropoutSeed)
      network.forward(batch, pass)
      for head in network.heads { head.objective.lossGradient(network.kernels, batch, network.normalizer) }
    }
    order.begin(
      vectors.pointer, nodes: parts == nil ? 1 : plan?.nodes.count ?? 1, count: network.layout.count,
      watch: parts == nil ? watch : nil, times: network.times)
    propagate(
      BackwardStep(
        rows: rows, batch: batch, pass: pass, sums: sums, order: order, scratch: scratch.pointer))
    precondition(order.done == order.stretches.count, "a layer did not say that its gradients are final")
    // Statistics that are no numbers make an input absent without a trace.
    local.isFinite =
      local.isFinite && local.lossSum.isFinite && order.isFinite && network.normalizer.running.isFinite
    return local
  }

  /// What the batch says, and each of its parts.
  private func count(_ batch: FeatureBatch, _ parts: BatchParts?) -> LocalStep {
    forgetParts()
    guard let parts else { return count(batch, rows: 0..<batch.count) }
    var whole = LocalStep(labelled: 0, lossSum: 0, isFinite: true)
    for part in parts.parts {
      let local = count(batch, rows: part.rows)
      partSteps.append(local)
      whole.labelled += local.labelled
      whole.weight += local.weight
      whole.lossSum += local.lossSum
      whole.isFinite = whole.isFinite && local.isFinite
    }
    return whole
  }

  private func count(_ batch: FeatureBatch, rows: Range<Int>) -> LocalStep {
    var local = LocalStep(labelled: 0, lossSum: 0, isFinite: true)
    let losses = network.primary.losses
    let weights = batch.weights
    for row in rows where !batch.labels[row * batch.labelCount].isNaN {
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
    for row in rows where !network.isFinite(row) { local.isFinite = false }
    return local
  }

  private func propagate(_ step: BackwardStep) {
    let context = network.context
    context.walk?.isThinned = false
    for (index, head) in network.heads.enumerated() {
      head.weightGradients(context, step, network.branches)
      if let walk = context.walk { head.noteGradients(step, network.branches, walk) }
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
    if let head = network.heads.first { step.order.finish(head.shape.bias) }
    for branch in network.branches { branch.backward(context, step) }
    for encoder in network.encoders { encoder.backward(context, rows: step.rows) }
    if let walk = context.walk {
      for encoder in network.encoders { encoder.noteGradients(of: step.batch, heads: network.heads, walk) }
    }
  }

  /// As the step counts them: a record that teaches nothing may well have an infinite loss.
  private func noteLosses(_ batch: FeatureBatch, _ local: LocalStep, _ walk: WalkRecorder) {
    walk.isThinned = false
    for (place, head) in network.heads.enumerated() where !batch.labels[place].isNaN {
      walk.note(head.shape.name, .loss, place == 0 ? local.lossSum : Double(head.objective.losses[0]))
    }
  }
}
