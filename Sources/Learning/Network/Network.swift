import Tensors

/// The way forward through a model, with buffers for a batch: what learner and predictor share, so that both give the same
/// bits. One thread at a time.
///
/// The encoded input goes through the branches side by side; each head's logits are the sum of what it reads from them,
/// and of the wide weights of the input's categories.
final class Network {
  /// Rows that go through all layers together, so that they are still in the cache for the next one; a multiple of the
  /// 64 rows that the kernels sum statistics in.
  static let rowBlock = 192

  let spec: LearnerSpec
  let layout: ParameterLayout
  let kernels: Kernels
  let capacity: Int
  /// The model's; shared with other networks, unless this one learns.
  let parameters: AlignedBuffer<Float>
  let tables: EmbeddingTables
  let normalizer: Normalizer
  /// The encoded input: embeddings, standardised numbers, missing indicators; zero beyond.
  let x: Rows
  /// Gradient by the encoded input, embedding columns only; meaningless without embeddings.
  let inputGradient: Rows
  let inputActivation: InputActivation?
  let branches: [Branch]
  /// The first is the one that versions are judged by.
  let heads: [Head]
  /// Rows of the last batch.
  private(set) var count = 0
  /// Which rows of the tables the last batch's categories have; valid as long as the batch.
  private(set) var values: ResolvedRows
  /// How many of these are of values that might have one of their own, and have none.
  private(set) var strangers = 0
  /// Where the time goes; nil: not measured.
  var times: StepTimes?

  private let input, gradient: RowBuffer
  /// Room for `values` where they are not the batch's own columns.
  private let resolved: AlignedBuffer<UInt32>
  private let indicators: [(number: Int, column: Int)]

  /// - Parameter learns: Keeps what the way back and health need.
  init(_ model: ModelParameters, batchCapacity: Int, learns: Bool, kernels: Kernels) {
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
    resolved = AlignedBuffer(count: tables.dictionaries.isEmpty ? 0 : batchCapacity * tables.valueCount)
    values = ResolvedRows(pointer: UnsafePointer(resolved.pointer), stride: tables.valueCount)
    inputActivation = InputActivation(spec, model.tables, x: x, capacity: batchCapacity, learns: learns)
    let root = Branch.Root(x: x, embeddingWidth: layout.embeddingWidth, gradient: inputGradient)
    let site = LayerSite(spec: spec, capacity: batchCapacity, learns: learns)
    branches = layout.branches.enumerated().map { Branch($1, root: root, site: site, isFirst: $0 == 0) }
    var wideColumn = 0
    heads = zip(layout.heads, spec.heads).enumerated().map { place, head in
      defer { wideColumn += head.0.outputs }
      return Head(
        head.0, spec: head.1, place: place, wideColumn: wideColumn, capacity: batchCapacity, learns: learns)
    }
    var column = layout.embeddingWidth + spec.numbers.count
    var indicators: [(number: Int, column: Int)] = []
    for (number, input) in spec.numbers.enumerated() where input.missingIndicator {
      indicators.append((number, column))
      column += 1
    }
    self.indicators = indicators
  }

  /// What versions are judged by.
  var primary: Objective { heads[0].objective }
  var context: LayerContext { LayerContext(kernels: kernels, parameters: parameters.pointer, times: times) }

  /// Input, layers, logits, answers. Traps on a batch of another shape.
  func forward(_ batch: FeatureBatch, countsHealth: Bool) {
    times?.begin()
    readInput(batch)
    times?.lap("input", .input)
    forward(batch, ForwardPass(countsHealth: countsHealth))
    for head in heads { head.objective.answer(context, rows: count, normalizer) }
    times?.lap("output", .loss)
  }

  private func readInput(_ batch: FeatureBatch) {
    precondition(
      batch.numberCount == spec.numbers.count && batch.categoryCount == tables.columnCount && batch.count <= capacity,
      "a batch of \(batch.count) × (\(batch.numberCount) + \(batch.categoryCount)) is not this learner's")
    (values, strangers) = tables.resolve(batch, into: resolved)
    tables.checkBuckets(batch, values)
    count = batch.count
    tables.gather(batch, values, into: x)
    inputActivation?.forward(kernels, rows: count)
    normalizer.normalize(batch, into: x.column(layout.embeddingWidth))
    for (number, column) in indicators {
      for row in 0..<count {
        x.from(row)[column] =
          normalizer.isAbsent(batch.numbers[row * batch.numberCount + number], number) ? 1 : 0
      }
    }
  }

  /// Layers and logits of the input that was read last.
  func forward(_ batch: FeatureBatch, _ pass: ForwardPass) {
    for first in stride(from: 0, to: count, by: Self.rowBlock) {
      forward(rows: first, count: min(Self.rowBlock, count - first), pass)
    }
    tables.addWide(batch, values, to: heads)
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
  /// The layers that health counts, in the order of the segments.
  var observed: [ObservedLayer] { branches.flatMap(\.layers).compactMap(\.observed) }

  /// Answers of the last batch.
  func outputs(ofHead head: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: heads[head].objective.outputs.pointer, count: count * heads[head].shape.outputs)
  }

  /// Per row of the last batch: the primary head's loss, of a value in label units; NaN without a label.
  func losses(_ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    precondition(batch.count == count, "losses follow predict of the same batch")
    primary.losses(kernels, batch, into: losses)
  }
}
