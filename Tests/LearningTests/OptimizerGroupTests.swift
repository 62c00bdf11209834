import Learning
import Tensors
import Testing
import Vocabulary

@Suite struct `Optimisers of groups` {
  private func parameters(_ learner: Learner) -> [Double] { ReferenceModel(learner).parameters }

  @Test func `move only their own parameters`() throws {
    let still = OptimizerSpec(kind: .sgd, learningRate: 0)
    let moving = OptimizerSpec(kind: .sgd, learningRate: 0.1)
    // Numeric wide weights are the last five dense parameters; then come the tables and eleven wide rows.
    for group in 0..<3 {
      var spec = Case.spec(wide: true, optimizer: still, rows: still)
      spec.wideOptimizer = still
      switch group {
      case 0: spec.optimizer = moving
      case 1: spec.embeddingOptimizer = moving
      default: spec.wideOptimizer = moving
      }
      let learner = Learner(spec: spec, batchCapacity: 30)
      var stream = Stream(spec)
      let before = parameters(learner)
      try learner.learn(stream.batch(30))
      let after = parameters(learner)
      let tables = before.count - 11 - 41
      let dense = 0..<(tables - 5)
      let wide = [(tables - 5)..<tables, (before.count - 11)..<before.count]
      #expect((before[dense] != after[dense]) == (group == 0))
      #expect((before[tables..<(before.count - 11)] != after[tables..<(before.count - 11)]) == (group == 1))
      for range in wide { #expect((before[range] != after[range]) == (group == 2)) }
    }
  }

  @Test func `shrink weights and never biases, gains or offsets`() throws {
    var spec = Case.spec(layerNorm: true, wide: true)
    spec.optimizer = OptimizerSpec(kind: .sgd, learningRate: 0.1, weightDecay: 0.5)
    spec.embeddingOptimizer = OptimizerSpec(kind: .sgd, learningRate: 0.1, l2: 0.5)
    spec.clipping = GradientClipping(globalNorm: nil, value: nil)
    var plain = spec
    plain.optimizer.weightDecay = 0
    plain.embeddingOptimizer.l2 = 0
    let learners = [Learner(spec: spec, batchCapacity: 6), Learner(spec: plain, batchCapacity: 6)]
    let count = parameters(learners[0]).count
    var random = SplitMix64(seed: 4)
    let begin = (0..<count).map { _ in Float(random.nextUnit() + 0.5) }
    var stream = Stream(spec)
    let batch = stream.batch(6, allLabelled: true)
    for learner in learners {
      learner.setCanonicalParameters(begin)
      try learner.learn(batch)
    }
    var isWeight: [Bool] = []
    for (inputs, outputs, others) in [(13, 19, 3), (19, 6, 3), (6, 1, 1), (5, 1, 0)] {
      isWeight += [Bool](repeating: true, count: inputs * outputs)
      isWeight += [Bool](repeating: false, count: outputs * others)
    }
    let (decayed, kept) = (parameters(learners[0]), parameters(learners[1]))
    for (index, isWeight) in isWeight.enumerated() {
      let expected = isWeight ? kept[index] - 0.1 * 0.5 * Double(begin[index]) : kept[index]
      #expect(abs(decayed[index] - expected) < 1e-6)
    }
    // Rows shrink when they are touched, and only then; wide rows, which come last, have the same optimiser.
    let touched = Set((0..<6).flatMap { [Int(batch.categories[$0 * 2]), 7 + Int(batch.categories[$0 * 2 + 1])] })
    #expect(touched.count < 11)
    for row in 0..<11 {
      let start = isWeight.count + (row < 7 ? row * 3 : 21 + (row - 7) * 5)
      for index in Array(start..<(start + (row < 7 ? 3 : 5))) + [count - 11 + row] {
        let shrinks = touched.contains(row) ? 0.1 * 0.5 * Double(begin[index]) : 0
        #expect(abs(decayed[index] - (kept[index] - shrinks)) < 1e-6)
      }
    }
  }

  @Test func `of FTRL make weights of no use exactly zero, and others not`() throws {
    let spec = LearnerSpec(
      numbers: (0..<12).map { NumberInput(name: "n\($0)", standardize: false) },
      categories: [CategoryInput(name: "k", buckets: 50, dimension: 1)], hidden: [], kind: .linear, task: .binary,
      wideOptimizer: OptimizerSpec(kind: .ftrl, learningRate: 0.1, l1: 10))
    let learner = Learner(spec: spec, batchCapacity: 32)
    var random = SplitMix64(seed: 8)
    let batch = FeatureBatch(capacity: 32, numberCount: 12, categoryCount: 1)
    batch.count = 32
    for _ in 0..<300 {
      for row in 0..<32 {
        for number in 0..<12 { batch.numbers[row * 12 + number] = Float(random.nextUnit() * 2 - 1) }
        batch.categories[row] = UInt32(random.next() % 50)
        let score = batch.numbers[row * 12] - batch.numbers[row * 12 + 1]
        batch.labels[row] = Float(random.nextUnit()) < (score > 0 ? 0.9 : 0.1) ? 1 : 0
      }
      try learner.learn(batch)
    }
    let all = parameters(learner)
    let numbers = Array(all[(all.count - 62)..<(all.count - 50)])
    #expect(numbers[0] > 0.1 && numbers[1] < -0.1)
    #expect(numbers.dropFirst(2).allSatisfy { $0 == 0 })
    #expect(all.suffix(50).count { $0 == 0 } > 40)
  }

  @Test func `of FTRL begin and go on from the weights that are there, whatever their constants`() throws {
    var spec = Case.spec(wide: true, clipping: GradientClipping(globalNorm: 1e-9, value: nil))
    spec.optimizer = OptimizerSpec(kind: .ftrl, learningRate: 0.1, l1: 0.001, l2: 0.1)
    spec.embeddingOptimizer = OptimizerSpec(kind: .ftrl, learningRate: 0.2)
    let learner = Learner(spec: spec, batchCapacity: 8)
    var stream = Stream(spec)
    func expectSame(_ one: [Double], _ other: [Double]) {
      for (one, other) in zip(one, other) { #expect(abs(one - other) < 1e-6) }
    }
    let begin = parameters(learner)
    try learner.learn(stream.batch(8))
    expectSame(parameters(learner), begin)
    var lively = spec
    lively.clipping.globalNorm = 1
    let other = Learner(spec: lively, batchCapacity: 8)
    for _ in 0..<20 { try other.learn(stream.batch(8)) }
    spec.optimizer.learningRate = 0.01
    spec.optimizer.l1 = 0.01
    spec.embeddingOptimizer.beta = 3
    let heir = Learner(spec: spec, batchCapacity: 8)
    try heir.restoreState(other.encodeState())
    try heir.learn(stream.batch(8))
    expectSame(parameters(heir), parameters(other))
    #expect(parameters(other) != begin)
  }
}
