import Tensors
import Vocabulary

/// Parameters and the way forward: what learner and predictor share, so that both give the same bits.
///
/// The input goes through the deep part, the cross layers and the pooled interactions side by side; each head's logits
/// are the sum of what it reads from them, and of the wide part's weights of the input itself.
final class Network {
  /// Rows that go through all layers together, so that they are still in the cache for the next one; a multiple of the
  /// 64 rows that the kernels sum statistics in.
  static let rowBlock = 192

  let spec: LearnerSpec
  let layout: ParameterLayout
  let kernels: Kernels
  let capacity: Int
  let parameters: AlignedBuffer<Float>
  let tables: EmbeddingTables
  let normalizer: Normalizer
  /// The network's input: embeddings, standardised numbers, missing indicators; zero beyond.
  let x: Rows
  let inputActivation: InputActivation?
  let hidden: [HiddenLayer]
  let cross: CrossPart?
  let pairs: PairPooling?
  /// The first is the one that versions are judged by.
  let heads: [Head]
  /// Rows of the last batch.
  private(set) var count = 0
  /// Where the time goes; nil: not measured.
  var times: StepTimes?

  private let input: RowBuffer
  private let indicators: [(number: Int, column: Int)]

  /// - Parameter learns: Keeps what the way back and health need.
  init(spec: LearnerSpec, batchCapacity: Int, learns: Bool, kernels: Kernels) {
    precondition(batchCapacity > 0)
    self.spec = spec
    self.kernels = kernels
    capacity = batchCapacity
    let layout = ParameterLayout(spec)
    self.layout = layout
    parameters = AlignedBuffer(count: layout.count)
    tables = EmbeddingTables(spec)
    normalizer = Normalizer(spec)
    input = RowBuffer(capacity: batchCapacity, width: layout.inputWidth)
    x = input.rows
    inputActivation = InputActivation(spec, tables, x: x, capacity: batchCapacity, learns: learns)
    hidden = layout.hidden.enumerated().map { index, shape in
      HiddenLayer(shape, index: index, spec: spec, capacity: batchCapacity, learns: learns)
    }
    cross = CrossPart(layout, capacity: batchCapacity, learns: learns)
    pairs = PairPooling(spec, layout, capacity: batchCapacity)
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

  /// The head that versions are judged by.
  var primary: Head { heads[0] }
  var context: LayerContext { LayerContext(kernels: kernels, parameters: parameters.pointer, times: times) }

  /// Seeds parameters and tables.
  func initialize(from random: inout SplitMix64) {
    Initialization.fill(parameters.pointer, layout: layout, spec: spec, from: &random)
    tables.initialize(from: &random)
  }

  /// Input, layers, logits, answers. Traps on a batch of another shape.
  func forward(_ batch: FeatureBatch, countsHealth: Bool) {
    times?.begin()
    readInput(batch)
    times?.lap("input", .input)
    forward(batch, ForwardPass(countsHealth: countsHealth))
    for head in heads { head.answer(context, rows: count, normalizer) }
    times?.lap("output", .loss)
  }

  private func readInput(_ batch: FeatureBatch) {
    precondition(
      batch.numberCount == spec.numbers.count && batch.categoryCount == tables.columnCount && batch.count <= capacity,
      "a batch of \(batch.count) × (\(batch.numberCount) + \(batch.categoryCount)) is not this learner's")
    tables.checkBuckets(batch)
    count = batch.count
    tables.gather(batch, into: x)
    inputActivation?.forward(kernels, rows: count)
    normalizer.normalize(batch, into: x.column(layout.embeddingWidth))
    for (number, column) in indicators {
      for row in 0..<count {
        x.from(row)[column] = batch.numbers[row * batch.numberCount + number].isNaN ? 1 : 0
      }
    }
  }

  /// Layers and logits of the input that was read last.
  func forward(_ batch: FeatureBatch, _ pass: ForwardPass) {
    for first in stride(from: 0, to: count, by: Self.rowBlock) {
      forward(rows: first, count: min(Self.rowBlock, count - first), pass)
    }
    tables.addWide(batch, to: heads)
    times?.lap("wide", .product)
  }

  private func forward(rows first: Int, count: Int, _ pass: ForwardPass) {
    let context = context
    let x = x.dropFirst(first)
    var top = x
    for layer in hidden {
      layer.forward(context, rows: first, count: count, input: top, pass: pass)
      top = layer.y.dropFirst(first)
    }
    cross?.forward(context, rows: first, count: count, x0: x, pass: pass)
    pairs?.forward(context, rows: first, count: count, x: x)
    if pairs != nil { times?.lap("interactions", .product) }
    let inputs = Head.Inputs(
      top: top, cross: cross?.output.dropFirst(first), pooled: pairs?.pooled.dropFirst(first),
      wide: x.column(layout.embeddingWidth))
    for head in heads { head.forward(context, rows: first, count: count, inputs) }
    times?.lap("output", .product)
  }

  /// Whether every logit and answer of `row` of the last batch is a number.
  func isFinite(_ row: Int) -> Bool { heads.allSatisfy { $0.isFinite(row) } }
}

/// A layer whose outputs are counted.
struct ObservedLayer {
  let name: String
  /// Of the last batch.
  let y: Rows
  let units: Int
  /// nil in a predictor.
  let stats: UnitStats?
}

extension Network {
  /// In the order of the segments, of which they are the first.
  var observed: [ObservedLayer] {
    hidden.map { ObservedLayer(name: $0.shape.name, y: $0.activated, units: $0.shape.units, stats: $0.stats) }
      + (cross?.layers ?? []).map {
        ObservedLayer(name: $0.shape.name, y: $0.y, units: $0.shape.width, stats: $0.stats)
      }
  }

  /// Answers of the last batch.
  func outputs(ofHead head: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: heads[head].outputs.pointer, count: count * heads[head].shape.outputs)
  }

  /// Per row of the last batch: the primary head's loss, of a value in label units; NaN without a label.
  func losses(_ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    precondition(batch.count == count, "losses follow predict of the same batch")
    primary.losses(kernels, batch, into: losses)
  }
}
