package import Tensors

/// The way forward through a model, with buffers for a batch: what learner and predictor share, so that both give the same
/// bits. One thread at a time.
///
/// The encoded input goes through the branches side by side; each head's logits are the sum of what it reads from them,
/// and of what encoders add.
package final class Network {
  /// Rows that go through all layers together, so that they are still in the cache for the next one; a multiple of the
  /// 64 rows that the kernels sum statistics in.
  static let rowBlock = 192

  let spec: LearnerSpec
  package let layout: ParameterLayout
  let kernels: Kernels
  let capacity: Int
  /// The model's; shared with other networks, unless this one learns.
  package let parameters: AlignedBuffer<Float>
  package let tables: EmbeddingTables
  package let normalizer: Normalizer
  /// The encoded input; zero beyond.
  let x: Rows
  /// Gradient by the encoded input, embedding columns only; meaningless without embeddings.
  let inputGradient: Rows
  /// From left to right.
  let encoders: [any InputEncoder]
  /// What encoders remember.
  let memory: Memory
  let branches: [Branch]
  /// The first is the one that versions are judged by.
  let heads: [Head]
  /// Rows of the last batch.
  private(set) var count = 0
  /// Where the time goes; nil: not measured.
  var times: StepTimes?
  /// Listens to the one row of a batch; nil: nobody does.
  var walk: WalkRecorder?

  private let input, gradient: RowBuffer

  /// - Parameters:
  ///   - memory: Of the lineage, to read by; nil: an empty one of its own.
  ///   - learns: Keeps what the way back and health need.
  init(_ model: ModelParameters, memory: Memory?, batchCapacity: Int, learns: Bool, kernels: Kernels) {
    precondition(batchCapacity > 0)
    let (spec, layout) = (model.spec, model.layout)
    self.spec = spec
    self.layout = layout
    self.kernels = kernels
    capacity = batchCapacity
    (parameters, tables, normalizer) = (model.dense, model.tables, model.normalizer)
    input = RowBuffer(capacity: batchCapacity, width: layout.inputWidth)
    gradient = RowBuffer(capacity: learns ? batchCapacity : 0, width: layout.inputWidth)
    (x, inputGradient) = (input.rows, gradient.rows)
    let forms = layout.encoders.compactMap(\.memory)
    let memory = memory?.read(by: forms) ?? Memory(forms)
    self.memory = memory
    var shelves = memory.shelves.makeIterator()
    var encoders: [any InputEncoder] = []
    var column = 0
    for plan in layout.encoders {
      let columns = column..<(column + plan.width)
      encoders.append(
        plan.makeEncoder(
          EncoderSite(
            model: model, columns: columns, x: x, gradient: inputGradient,
            shelf: plan.memory == nil ? nil : shelves.next(), capacity: batchCapacity, learns: learns)))
      column = columns.upperBound
    }
    self.encoders = encoders
    let root = Branch.Root(x: x, embeddingWidth: layout.embeddingWidth, gradient: inputGradient)
    let site = LayerSite(spec: spec, capacity: batchCapacity, learns: learns)
    branches = layout.branches.enumerated().map { Branch($1, root: root, site: site, isFirst: $0 == 0) }
    var wideColumn = 0
    heads = zip(layout.heads, spec.heads).enumerated().map { place, head in
      defer { wideColumn += head.0.outputs }
      return Head(
        head.0, spec: head.1, place: place, wideColumn: wideColumn, capacity: batchCapacity, learns: learns)
    }
  }

  /// What versions are judged by.
  var primary: Objective { heads[0].objective }
  var context: LayerContext {
    LayerContext(kernels: kernels, parameters: parameters.pointer, times: times, walk: walk)
  }

  /// Input, layers, logits, answers. Traps on a batch of another shape.
  func forward(_ batch: FeatureBatch, countsHealth: Bool, countsInputs: Bool = false) {
    times?.begin()
    precondition(batch.count <= capacity, "a batch of \(batch.count) records, where \(capacity) are the most")
    count = batch.count
    for encoder in encoders { encoder.encode(context, batch) }
    times?.lap("input", .input)
    if let walk {
      for encoder in encoders { encoder.noteInputs(of: batch, walk) }
      walk.note("input", .input, x.pointer, layout.inputWidth)
      if let weights = batch.weights { walk.note("input", .recordWeight, Double(weights[0])) }
    }
    forward(batch, ForwardPass(countsHealth: countsHealth, countsInputs: countsInputs))
    for head in heads { head.objective.answer(context, rows: count, normalizer) }
    if let walk {
      for head in heads {
        walk.note(head.shape.name, .answers, head.objective.outputs.pointer, head.objective.answerWidth)
      }
    }
    times?.lap("output", .loss)
  }

  /// Layers and logits of the input that was read last.
  func forward(_ batch: FeatureBatch, _ pass: ForwardPass) {
    walk?.isThinned = pass.dropoutKeys != nil
    for first in stride(from: 0, to: count, by: Self.rowBlock) {
      forward(rows: first, count: min(Self.rowBlock, count - first), pass)
    }
    for encoder in encoders { encoder.addLogits(batch, to: heads) }
    if let walk { for head in heads { walk.note(head.shape.name, .logits, head.logits.pointer, head.shape.outputs) } }
    times?.lap("wide", .product)
  }

  private func forward(rows first: Int, count: Int, _ pass: ForwardPass) {
    let context = context
    for branch in branches { branch.forward(context, rows: first, count: count, pass: pass) }
    for head in heads { head.forward(context, rows: first, count: count, branches) }
    times?.lap("output", .product)
  }

  /// Whether every logit and answer of `row` of the last batch is a number.
  func isFinite(_ row: Int) -> Bool { heads.allSatisfy { $0.objective.isFinite(row) } }
}

extension Network {
  /// Bytes by layer, of its values and of the gradients by them, for the largest batch; the encoded input is one too.
  var memoryByLayer: [(layer: String, bytes: Int)] {
    [("input", input.bytes + gradient.bytes)] + branches.flatMap(\.memory) + heads.map { ($0.shape.name, $0.bytes) }
  }

  /// The layers that health counts, in the order of the segments.
  var observed: [ObservedLayer] { branches.flatMap(\.layers).compactMap(\.observed) }

  /// Answers of the last batch.
  func outputs(ofHead head: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: heads[head].objective.outputs.pointer, count: count * heads[head].objective.answerWidth)
  }

  /// Per row of the last batch: the primary head's loss, of a value in label units; NaN without a label.
  func losses(_ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    precondition(batch.count == count, "losses follow predict of the same batch")
    primary.losses(kernels, batch, into: losses)
  }
}
