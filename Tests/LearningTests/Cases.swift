import Learning
import Tensors
import Testing
import Vocabulary

/// Specs that between them use every layer, loss and optimiser: what the conformance suite runs over.
struct Case: Sendable, CustomTestStringConvertible {
  let name: String
  let spec: LearnerSpec
  var testDescription: String { name }

  static let numbers = [
    NumberInput(name: "a"), NumberInput(name: "b", standardize: false, missingIndicator: true),
    NumberInput(name: "c", missingIndicator: true),
  ]
  static let categories = [
    CategoryInput(name: "k", buckets: 7, dimension: 3), CategoryInput(name: "l", buckets: 4, dimension: 5),
  ]

  static func spec(
    hidden: [Int] = [19, 6], activation: ActivationKind = .tanh, layerNorm: Bool = false, wide: Bool = false,
    task: LearnerSpec.Task = .binary, categories: [CategoryInput] = categories,
    optimizer: OptimizerSpec = OptimizerSpec(kind: .adam, learningRate: 0.01),
    rows: OptimizerSpec = OptimizerSpec(kind: .adagrad, learningRate: 0.05),
    clipping: GradientClipping = GradientClipping(globalNorm: 1, value: nil)
  ) -> LearnerSpec {
    LearnerSpec(
      numbers: numbers, categories: categories, hidden: hidden, activation: activation,
      normalization: layerNorm ? .layerNorm : .none, wide: wide, task: task, optimizer: optimizer,
      embeddingOptimizer: rows, clipping: clipping, seed: 11, histogramEvery: 3)
  }

  static let all: [Case] = {
    var cases = ActivationKind.allCases.map {
      Case(name: "activation \($0.rawValue)", spec: spec(activation: $0))
    }
    cases += [
      Case(name: "LayerNorm", spec: spec(layerNorm: true)),
      Case(name: "LayerNorm, swish, wide", spec: spec(activation: .swish, layerNorm: true, wide: true)),
      Case(name: "wide", spec: spec(wide: true)),
      Case(name: "without hidden layers, wide", spec: spec(hidden: [], wide: true)),
      Case(name: "no categories", spec: spec(categories: [])),
      Case(name: "multiclass", spec: spec(task: .multiclass(classes: 4))),
      Case(name: "multiclass, wide", spec: spec(wide: true, task: .multiclass(classes: 3))),
      Case(name: "regression", spec: spec(activation: .gelu, task: .regression)),
      Case(name: "regression, wide", spec: spec(wide: true, task: .regression)),
    ]
    cases += layers + losses + optimizers
    return cases
  }()
}

extension Case {
  /// Every layer beside the plain dense one, alone and with its neighbours.
  private static var layers: [Case] {
    func change(_ name: String, _ spec: LearnerSpec = spec(), _ body: (inout LearnerSpec) -> Void) -> Case {
      var changed = spec
      body(&changed)
      return Case(name: name, spec: changed)
    }
    let alike = [
      CategoryInput(name: "k", buckets: 7, dimension: 4), CategoryInput(name: "l", buckets: 4, dimension: 4),
      CategoryInput(name: "m", buckets: 5, dimension: 4),
    ]
    func bags(_ combiner: CategoryInput.Combiner) -> [CategoryInput] {
      [
        CategoryInput(name: "k", buckets: 7, dimension: 3),
        CategoryInput(name: "l", buckets: 6, dimension: 5, slots: 4, combiner: combiner),
      ]
    }
    func rows(_ name: String = "w", activates: Bool) -> WeightedInput {
      WeightedInput(name: name, rows: 9, dimension: 8, activates: activates)
    }
    // The input of three numbers with two indicators, and of two embeddings, is thirteen wide.
    return [
      change("RMSNorm") { $0.normalization = .rmsNorm },
      change("residual", spec(hidden: [13, 13, 6])) { $0.residual = true },
      change("residual, relu, LayerNorm", spec(hidden: [19, 19], activation: .relu, layerNorm: true)) {
        $0.residual = true
      },
      change("activation clipping, relu, dropout", spec(activation: .relu)) {
        ($0.activationLimit, $0.dropout) = (0.4, 0.3)
      },
      change("activation clipping, prelu, residual", spec(hidden: [13, 13], activation: .prelu)) {
        ($0.activationLimit, $0.residual) = (0.5, true)
      },
      change("activation clipping, swiglu, LayerNorm", spec(activation: .swiglu, layerNorm: true)) {
        $0.activationLimit = 0.3
      },
      change("softmax, residual, dropout", spec(hidden: [13, 13], activation: .softmax)) {
        ($0.residual, $0.dropout) = (true, 0.2)
      },
      change("dropout") { $0.dropout = 0.4 },
      change("dropout, relu, residual, wide", spec(hidden: [13, 13], activation: .relu, wide: true)) {
        ($0.dropout, $0.residual) = (0.25, true)
      },
      change("activation penalties", spec(hidden: [19, 13, 13])) {
        ($0.activationL1, $0.activationL2, $0.residual) = (0.02, 0.05, true)
      },
      change("cross layers") { $0.crossLayers = 2 },
      change("cross layers of rank 3, multiclass", spec(wide: true, task: .multiclass(classes: 3))) {
        ($0.crossLayers, $0.crossRank) = (2, 3)
      },
      change("cross layers alone", spec(hidden: [])) { $0.crossLayers = 1 },
      change("interactions", spec(categories: alike)) { $0.factorization = true },
      change("interactions, multiclass", spec(task: .multiclass(classes: 3), categories: alike)) {
        $0.factorization = true
      },
      change("interactions without hidden layers", spec(hidden: [], wide: true, categories: alike)) {
        $0.factorization = true
      },
      change("bilinear interactions", spec(wide: true, categories: alike)) { $0.bilinear = true },
      change("bilinear beside plain ones, multiclass", spec(task: .multiclass(classes: 3), categories: alike)) {
        ($0.bilinear, $0.factorization, $0.crossLayers) = (true, true, 1)
      },
      change("bilinear without hidden layers", spec(hidden: [], categories: alike)) { $0.bilinear = true },
      Case(name: "bags, summed", spec: spec(wide: true, categories: bags(.sum))),
      Case(name: "bags, averaged", spec: spec(categories: bags(.mean))),
      Case(name: "bags over the root", spec: spec(wide: true, task: .regression, categories: bags(.squareRoot))),
      change("weighted rows") { $0.weighted = [rows(activates: false)] },
      change("weighted rows as a first layer", spec(hidden: [6], activation: .relu, categories: [])) {
        ($0.weighted, $0.numbers) = ([rows(activates: true)], [])
      },
      change("weighted rows as a first layer, clipped", spec(hidden: [6], activation: .leakyRelu)) {
        ($0.weighted, $0.activationLimit) = ([rows(activates: true)], 0.05)
      },
      change("weighted rows among other inputs", spec(activation: .swish, wide: true)) {
        $0.weighted = [rows(activates: true)]
      },
      change("two weighted inputs and a wide part", spec(wide: true, task: .multiclass(classes: 3))) {
        $0.weighted = [rows(activates: false), rows("v", activates: false)]
      },
      change("linear in weighted rows", spec(categories: [])) {
        ($0.kind, $0.hidden, $0.numbers, $0.weighted) = (.linear, [], [], [rows(activates: false)])
      },
      change("linear in weighted rows, multiclass", spec(task: .multiclass(classes: 3))) {
        ($0.kind, $0.hidden, $0.weighted) = (.linear, [], [rows(activates: false), rows("v", activates: false)])
      },
      change("linear") { ($0.kind, $0.hidden) = (.linear, []) },
      change("linear, multiclass, bags", spec(task: .multiclass(classes: 3), categories: bags(.mean))) {
        ($0.kind, $0.hidden) = (.linear, [])
      },
    ]
  }
}

/// A seeded stream of batches of a spec.
struct Stream {
  var random: SplitMix64
  let spec: LearnerSpec
  private var nextKey: UInt64 = 1

  init(_ spec: LearnerSpec, seed: UInt64 = 1) {
    self.spec = spec
    random = SplitMix64(seed: seed)
  }

  /// - Parameter allLabelled: Else one label in five is absent.
  mutating func batch(_ rows: Int, allLabelled: Bool = false) -> FeatureBatch {
    let batch = FeatureBatch(
      capacity: rows, numberCount: spec.numbers.count, categoryCount: spec.categoryColumns,
      labelCount: spec.heads.count, weightedCount: spec.weighted.count)
    batch.count = rows
    for row in 0..<rows {
      batch.keys[row] = nextKey
      nextKey += 1
      var score: Float = 0
      for number in spec.numbers.indices {
        let value = Float(random.nextUnit() * 4 - 1) * Float(number + 1)
        let isAbsent = random.nextUnit() < 0.15
        batch.numbers[row * spec.numbers.count + number] = isAbsent ? .nan : value
        if !isAbsent { score += value - Float(number) }
      }
      var column = row * spec.categoryColumns
      for input in spec.categories {
        for _ in 0..<input.slots {
          let isUnused = input.slots > 1 && random.nextUnit() < 0.4
          batch.categories[column] =
            isUnused ? FeatureBatch.noCategory : UInt32.random(in: 0..<UInt32(input.buckets), using: &random)
          column += 1
        }
      }
      for (pairs, input) in zip(batch.weighted, spec.weighted) {
        pairs.open(row)
        for _ in 0..<Int.random(in: 0...5, using: &random) {
          let key = UInt32.random(in: 0..<UInt32(input.rows), using: &random)
          pairs.append(row: key, weight: Float(random.nextUnit() * 2 - 1), to: row)
        }
      }
      for (head, settings) in spec.heads.enumerated() {
        let isAbsent = !allLabelled && random.nextUnit() < 0.2
        batch.labels[row * spec.heads.count + head] = isAbsent ? .nan : label(settings, score)
      }
    }
    return batch
  }

  private mutating func label(_ head: HeadSpec, _ score: Float) -> Float {
    switch (head.task, head.loss) {
    case (.binary, _): score > 0.5 ? 1 : 0
    case (.multiclass(let classes), _): Float(Int.random(in: 0..<classes, using: &random))
    case (.regression, .poisson): max(0, (2 + score).rounded())
    case (.regression, _): 30 + 5 * score
    }
  }
}

extension FeatureBatch {
  /// Some of its rows as a batch of their own.
  func rows(_ range: Range<Int>) -> FeatureBatch {
    let part = FeatureBatch(
      capacity: max(range.count, 1), numberCount: numberCount, categoryCount: categoryCount, labelCount: labelCount,
      weightedCount: weighted.count, weighsRecords: weights != nil)
    part.count = range.count
    for (target, row) in range.enumerated() { part.copyRow(row, of: self, to: target) }
    return part
  }
}

extension Learner {
  /// One whole step of a world of one, its share as bytes.
  @discardableResult
  func learn(_ batch: FeatureBatch) throws -> Update {
    predict(batch)
    let local = backward(batch)
    var attachment: [UInt8] = []
    appendAttachment(to: &attachment)
    try attachment.withUnsafeBytes { try absorb(attachments: [$0]) }
    return apply(labelled: local.labelled, lossSum: local.lossSum)
  }

  /// The same without bytes.
  @discardableResult
  func learnAlone(_ batch: FeatureBatch) -> Update {
    predict(batch)
    let local = backward(batch)
    absorbOwn()
    return apply(labelled: local.labelled, lossSum: local.lossSum)
  }
}

/// A copy of what a learner answered last; its parameter keeps the learner alive meanwhile.
func answers(_ learner: Learner) -> [Float] { withExtendedLifetime(learner) { Array(learner.outputs) } }

func answers(_ predictor: Predictor) -> [Float] { withExtendedLifetime(predictor) { Array(predictor.outputs) } }

func answers(_ learner: Learner, head: Int) -> [Float] {
  withExtendedLifetime(learner) { Array(learner.outputs(ofHead: head)) }
}
