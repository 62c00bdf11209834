import Tensors

/// A chain of layers from some columns of the encoded input to what heads read: its form.
struct BranchPlan: Sendable {
  /// The columns of the encoded input that it reads.
  let columns: Range<Int>
  /// None: heads read the columns themselves.
  let layers: [any LayerPlan]
  /// Of the heads' weights of it; decides how they begin.
  let role: ParameterBlock.Role

  var output: Extent { layers.last?.output ?? Extent(width: columns.count) }
  /// Its weights are the wide part's: a layer of their own to health and clipping, with an optimiser that may differ.
  var isWide: Bool { role == .wideWeight }
}

/// The same with buffers for a batch. One thread at a time.
final class Branch {
  /// What the branches read and where the gradient by it is gathered.
  struct Root {
    let x: Rows
    /// Columns of embeddings, which come first: nobody wants the gradient of others.
    let embeddingWidth: Int
    /// The first branch writes over what is there, the others add to it.
    let gradient: Rows
  }

  let plan: BranchPlan
  let layers: [any Layer]
  /// Of the last batch, from row 0.
  let output: Rows
  /// Gradient by the output, for the heads to write; nil: nobody wants it.
  let outputGradient: Rows?

  private let input: Rows
  /// Receives the gradient by the input; and how many columns of it are wanted.
  private let inputGradient: Rows
  private let wanted: Int
  /// By the layers' outputs; a layer that works in place shares that of the layer before.
  private let gradients: [RowBuffer]
  /// By the input, of layers that go back to it, and room for them.
  private let rootGradient, spare: RowBuffer?

  init(_ plan: BranchPlan, root: Root, site: LayerSite, isFirst: Bool) {
    self.plan = plan
    let layers = plan.layers.map { $0.makeLayer(site) }
    self.layers = layers
    let first = plan.columns.lowerBound
    input = root.x.column(first)
    output = layers.last?.y ?? input
    inputGradient = root.gradient.column(first)
    wanted = max(0, min(plan.columns.upperBound, root.embeddingWidth) - first)
    let capacity = site.learns ? site.capacity : 0
    var gradients: [RowBuffer] = []
    for (layer, plan) in zip(layers, plan.layers) {
      if layer.gradientWay == .inPlace, let last = gradients.last {
        gradients.append(last)
      } else {
        gradients.append(RowBuffer(capacity: capacity, width: plan.output.count))
      }
    }
    self.gradients = gradients
    outputGradient = gradients.last?.rows ?? (wanted > 0 ? inputGradient : nil)
    let goesBack = layers.contains { $0.gradientWay == .inPlace }
    func rows() -> RowBuffer { RowBuffer(capacity: capacity, width: plan.columns.count) }
    rootGradient = goesBack ? rows() : nil
    spare = goesBack ? rows() : nil
    precondition(
      layers.first.map { ($0.gradientWay == .overwrites) == isFirst } ?? true,
      "the first branch begins the gradient by the input, and the others add to it")
    precondition(
      layers.dropFirst().allSatisfy { $0.gradientWay != .adds }, "behind other layers there is nothing to add to")
  }

  /// Bytes by layer, of its values and of the gradients by its outputs, for the largest batch.
  var memory: [(layer: String, bytes: Int)] {
    layers.indices.map { place in
      let isShared = place > 0 && gradients[place].rows.pointer == gradients[place - 1].rows.pointer
      return (plan.layers[place].name, layers[place].bytes + (isShared ? 0 : gradients[place].bytes))
    }
  }

  func forward(_ context: LayerContext, rows first: Int, count: Int, pass: ForwardPass) {
    let root = input.dropFirst(first)
    var x = root
    for layer in layers {
      layer.forward(context, rows: first, count: count, LayerInput(x: x, root: root), pass: pass)
      x = layer.y.dropFirst(first)
    }
  }

  /// From the gradient by the output to those by the parameters and by the input.
  func backward(_ context: LayerContext, _ step: BackwardStep) {
    rootGradient?.clear(rows: step.rows)
    for index in layers.indices.reversed() {
      let isLast = index == 0
      let below = isLast ? (wanted > 0 ? inputGradient : nil) : gradients[index - 1].rows
      layers[index].backward(
        context, step,
        GradientFlow(
          input: LayerInput(x: isLast ? input : layers[index - 1].y, root: input), dy: gradients[index].rows, dx: below,
          columns: isLast ? wanted : plan.layers[index].input.count, rootGradient: rootGradient?.rows,
          spare: spare?.rows))
      if let walk = context.walk { note(index, step, walk, below: below) }
    }
    guard wanted > 0, let first = layers.first else { return }
    if first.gradientWay == .inPlace { add(gradients[0].rows, context, step) }
    if let rootGradient { add(rootGradient.rows, context, step) }
  }

  private func note(_ index: Int, _ step: BackwardStep, _ walk: WalkRecorder, below: Rows?) {
    let plan = plan.layers[index]
    walk.note(plan.name, .weightGradient, plan.blocks, in: step.sums.gradient)
    let columns = index == 0 ? wanted : plan.input.count
    let rows = layers[index].gradientWay == .inPlace ? gradients[index].rows : below
    if let rows { walk.note(plan.name, .inputGradient, rows.pointer, columns) }
  }

  private func add(_ rows: Rows, _ context: LayerContext, _ step: BackwardStep) {
    context.kernels.add(rows: step.rows, units: wanted, rows, to: inputGradient)
  }
}
