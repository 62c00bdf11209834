import Tensors
import Vocabulary

/// Parameters and the way forward: what learner and predictor share, so that both give the same bits.
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
  let formula: ActivationFormula
  /// The network's input: embeddings, standardised numbers, missing indicators; zero beyond.
  let x: Rows
  let hidden: [HiddenRows]
  let logits: Rows
  /// Of a multiclass task: probabilities with the stride of the logits.
  let wideProbabilities: Rows
  /// Shape [capacity × outputCount].
  let outputs: AlignedBuffer<Float>
  /// Rows of the last batch.
  private(set) var count = 0

  private let storage: [AlignedBuffer<Float>]
  private let indicators: [(number: Int, column: Int)]

  /// What one hidden layer keeps of a batch.
  struct HiddenRows {
    let shape: ParameterLayout.Hidden
    let y: Rows
    /// nil where the way back needs none.
    let derivative: UnsafeMutablePointer<Float>?
    let normalized: UnsafeMutablePointer<Float>?
    let inverseDeviation: UnsafeMutablePointer<Float>?
    let stats: UnitStats?
  }

  /// - Parameter learns: Keeps what the way back and health need.
  init(spec: LearnerSpec, batchCapacity: Int, learns: Bool, kernels: Kernels) {
    precondition(batchCapacity > 0)
    self.spec = spec
    self.kernels = kernels
    capacity = batchCapacity
    layout = ParameterLayout(spec)
    parameters = AlignedBuffer(count: layout.count)
    tables = EmbeddingTables(spec)
    normalizer = Normalizer(spec)
    guard case .elementwise(let formula) = spec.activation.computation else {
      preconditionFailure("\(spec.activation.rawValue) is no activation of this network")
    }
    self.formula = formula
    var storage: [AlignedBuffer<Float>] = []
    func rows(_ width: Int) -> Rows {
      storage.append(AlignedBuffer(count: batchCapacity * rowStride(width) + 16))
      return Rows(storage[storage.count - 1].pointer, stride: rowStride(width))
    }
    x = rows(layout.inputWidth)
    let keepsDerivative = learns && formula.keepsDerivative
    let isNormalized = spec.normalization == .layerNorm
    hidden = layout.hidden.map { shape in
      HiddenRows(
        shape: shape, y: rows(shape.outputs), derivative: keepsDerivative ? rows(shape.outputs).pointer : nil,
        normalized: isNormalized ? rows(shape.outputs).pointer : nil,
        inverseDeviation: isNormalized ? rows(1).pointer : nil, stats: learns ? UnitStats(units: shape.outputs) : nil)
    }
    let outputCount = spec.outputCount
    if outputCount == 1 {
      logits = Rows(rows(1).pointer, stride: 1)
      wideProbabilities = logits
    } else {
      logits = rows(outputCount)
      wideProbabilities = rows(outputCount)
    }
    outputs = AlignedBuffer(count: batchCapacity * outputCount)
    self.storage = storage
    var column = layout.embeddingWidth + spec.numbers.count
    var indicators: [(number: Int, column: Int)] = []
    for (number, input) in spec.numbers.enumerated() where input.missingIndicator {
      indicators.append((number, column))
      column += 1
    }
    self.indicators = indicators
  }

  /// Seeds parameters and tables.
  func initialize(from random: inout SplitMix64) {
    Initialization.fill(parameters.pointer, layout: layout, spec: spec, from: &random)
    tables.initialize(from: &random)
  }

  /// Input, hidden layers, logits, outputs. Traps on a batch of another shape.
  func forward(_ batch: FeatureBatch, countsHealth: Bool) {
    precondition(
      batch.numberCount == spec.numbers.count && batch.categoryCount == spec.categories.count
        && batch.count <= capacity,
      "a batch of \(batch.count) × (\(batch.numberCount) + \(batch.categoryCount)) is not this learner's")
    tables.checkBuckets(batch)
    count = batch.count
    tables.gather(batch, into: x)
    normalizer.normalize(batch, into: x.column(layout.embeddingWidth))
    for (number, column) in indicators {
      for row in 0..<count {
        x.from(row)[column] = batch.numbers[row * batch.numberCount + number].isNaN ? 1 : 0
      }
    }
    for first in stride(from: 0, to: count, by: Self.rowBlock) {
      forward(rows: first, count: min(Self.rowBlock, count - first), countsHealth: countsHealth)
    }
    tables.addWide(batch, to: logits)
    answer()
  }

  private func forward(rows first: Int, count: Int, countsHealth: Bool) {
    let weights = parameters.pointer
    var input = x.dropFirst(first)
    for layer in hidden {
      let shape = layer.shape
      let y = layer.y.dropFirst(first)
      kernels.denseForward(
        rows: count, inputs: shape.inputs, outputs: shape.outputs, x: input, weights: weights + shape.weights,
        bias: weights + shape.bias, z: y)
      if let gain = shape.gain, let offset = shape.offset, let normalized = layer.normalized,
        let inverseDeviation = layer.inverseDeviation
      {
        kernels.layerNorm(
          rows: count, units: shape.outputs, z: y, gain: weights + gain, offset: weights + offset,
          normalized: normalized + first * y.stride, inverseDeviation: inverseDeviation + first)
      }
      kernels.activate(
        formula, rows: count, units: shape.outputs, z: y, derivative: layer.derivative.map { $0 + first * y.stride },
        stats: countsHealth ? layer.stats : nil)
      input = y
    }
    let head = layout.output
    kernels.thinForward(
      rows: count, inputs: head.inputs, outputs: head.outputs, x: input, weights: weights + head.weights,
      bias: head.bias.map { weights + $0 }, z: logits.dropFirst(first), add: false)
    guard let wide = layout.wide else { return }
    kernels.thinForward(
      rows: count, inputs: wide.inputs, outputs: wide.outputs, x: x.dropFirst(first).column(layout.embeddingWidth),
      weights: weights + wide.weights, bias: nil, z: logits.dropFirst(first), add: true)
  }

  /// Logits become probabilities, or values in label units.
  private func answer() {
    switch spec.task {
    case .binary:
      kernels.binaryLoss(
        rows: count, logits: logits.pointer, labels: nil, probabilities: outputs.pointer, gradient: nil, loss: nil)
    case .multiclass(let classes):
      kernels.softmaxLoss(
        rows: count, classes: classes, logits: logits, labels: nil, probabilities: wideProbabilities.pointer,
        gradient: nil, loss: nil)
      for row in 0..<count {
        (outputs.pointer + row * classes).update(from: wideProbabilities.from(row), count: classes)
      }
    case .regression:
      let mean = normalizer.labelMean
      let deviation = normalizer.labelDeviation
      for row in 0..<count { outputs[row] = Float(mean + deviation * Double(logits.pointer[row])) }
    }
  }

  /// Whether every logit of `row` of the last batch is a number.
  func isFinite(_ row: Int) -> Bool {
    let logits = logits.from(row)
    for output in 0..<spec.outputCount where !logits[output].isFinite { return false }
    let outputs = outputs.pointer + row * spec.outputCount
    for output in 0..<spec.outputCount where !outputs[output].isFinite { return false }
    return true
  }
}
