import Learning
import Tensors
import Testing
import Vocabulary

@Suite("Weights of records")
struct RecordWeightTests {
  /// The batch with weights 0, 1, 2, 3, 0.5 in turn.
  private static func weighed(_ batch: FeatureBatch, _ weights: [Float]) -> FeatureBatch {
    let result = FeatureBatch(
      capacity: batch.count, numberCount: batch.numberCount, categoryCount: batch.categoryCount,
      labelCount: batch.labelCount, weightedCount: batch.weighted.count, weighsRecords: true)
    result.count = batch.count
    for row in 0..<batch.count {
      result.copyRow(row, of: batch, to: row)
      result.weights?[row] = weights[row % weights.count]
    }
    return result
  }

  /// The batch with each row as often as it weighs.
  private static func repeated(_ batch: FeatureBatch, _ weights: [Float]) -> FeatureBatch {
    let origins = (0..<batch.count).flatMap { Array(repeating: $0, count: Int(weights[$0 % weights.count])) }
    let result = FeatureBatch(
      capacity: origins.count, numberCount: batch.numberCount, categoryCount: batch.categoryCount,
      labelCount: batch.labelCount, weightedCount: batch.weighted.count)
    result.count = origins.count
    for (row, origin) in origins.enumerated() { result.copyRow(origin, of: batch, to: row) }
    return result
  }

  private static func isNear(_ a: Float, _ b: Float, _ bound: Float) -> Bool {
    a == b || abs(a - b) <= bound * max(1, abs(a), abs(b))
  }

  // What dropout drops goes by place and key, and two copies of a record have two of them.
  @Test(arguments: Case.all.filter { $0.spec.dropout == 0 })
  func `a record of weight 3 has the gradients of three, one of weight 0 none`(_ item: Case) throws {
    let weights: [Float] = [2, 1, 0, 3]
    var stream = Stream(item.spec)
    let (one, other) = (
      Learner(spec: item.spec, batchCapacity: 64), Learner(spec: item.spec, batchCapacity: 64)
    )
    for _ in 0..<5 {
      let batch = stream.batch(24)
      try one.learn(batch)
      try other.learn(batch)
    }
    let batch = stream.batch(20)
    let (heavy, many) = (Self.weighed(batch, weights), Self.repeated(batch, weights))
    one.predict(heavy)
    other.predict(many)
    let (mine, theirs) = (one.backward(heavy), other.backward(many))
    #expect(mine.weight == theirs.weight && mine.weight == Double(theirs.labelled))
    #expect(abs(mine.lossSum - theirs.lossSum) <= 1e-6 * max(1, abs(theirs.lossSum)))
    for (mine, theirs) in zip(one.canonicalGradient, other.canonicalGradient) {
      #expect(Self.isNear(mine, theirs, 1e-5))
    }
    let (rows, expected) = (one.touchedRows, other.touchedRows)
    #expect(rows.map(\.row) == expected.map(\.row))
    for (mine, theirs) in zip(rows, expected) {
      #expect(zip(mine.gradient, theirs.gradient).allSatisfy { Self.isNear($0, $1, 1e-5) })
    }
  }

  @Test(
    arguments: Case.all.filter {
      ["LayerNorm", "wide", "multiclass", "regression", "regression, wide", "no categories"].contains($0.name)
    })
  func `a stream of weights ends where the stream of repeated records does`(_ item: Case) throws {
    var spec = item.spec
    // Where a gradient is nearly 0 Adam makes its sign a step.
    spec.optimizer = OptimizerSpec(kind: .sgd, learningRate: 0.05)
    var stream = Stream(spec)
    let weights: [Float] = [1, 3, 2, 0, 1]
    let (one, other) = (Learner(spec: spec, batchCapacity: 64), Learner(spec: spec, batchCapacity: 64))
    for _ in 0..<60 {
      let batch = stream.batch(15)
      let heavy = Self.weighed(batch, weights)
      one.predict(heavy)
      let local = one.backward(heavy)
      one.absorbOwn()
      #expect(one.apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum).isFinite)
      other.learnAlone(Self.repeated(batch, weights))
    }
    for number in spec.numbers.indices {
      let (mine, theirs) = (one.statistics(ofNumber: number), other.statistics(ofNumber: number))
      #expect(abs(mine.mean - theirs.mean) <= 1e-9 && abs(mine.deviation - theirs.deviation) <= 1e-9)
    }
    let probe = stream.batch(30)
    one.predict(probe)
    other.predict(probe)
    for (mine, theirs) in zip(answers(one), answers(other)) { #expect(Self.isNear(mine, theirs, 1e-4)) }
  }

  @Test func `a step of records of weight 0 changes nothing but the count of steps`() throws {
    for item in Case.all where ["wide", "regression, wide", "multiclass"].contains(item.name) {
      var stream = Stream(item.spec)
      let learner = Learner(spec: item.spec, batchCapacity: 32)
      for _ in 0..<5 { try learner.learn(stream.batch(16)) }
      let before = learner.parametersDigestInput
      let statistics = learner.statistics(ofNumber: 0)
      let nothing = Self.weighed(stream.batch(16), [0])
      learner.predict(nothing)
      let local = learner.backward(nothing)
      #expect(local.weight == 0 && local.lossSum == 0 && local.labelled > 0)
      learner.absorbOwn()
      _ = learner.apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum)
      #expect(learner.parametersDigestInput == before && learner.step == 6)
      #expect(learner.statistics(ofNumber: 0) == statistics)
    }
  }

  @Test func `weights of 1 give the bits of none, and two ranks what one does`() throws {
    let spec = Case.spec(wide: true, task: .regression)
    var stream = Stream(spec)
    let learners = (0..<4).map { _ in Learner(spec: spec, batchCapacity: 32) }
    for _ in 0..<20 {
      let batch = stream.batch(16)
      learners[0].learnAlone(batch)
      let plain = Self.weighed(batch, [1])
      learners[1].predict(plain)
      let local = learners[1].backward(plain)
      learners[1].absorbOwn()
      _ = learners[1].apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum)
      try learnTogether(
        Array(learners[2...]), [plain.rows(0..<7), plain.rows(7..<16)])
    }
    #expect(learners[0].parametersDigestInput == learners[1].parametersDigestInput)
    #expect(learners[2].parametersDigestInput == learners[3].parametersDigestInput)
  }

  @Test func `the lightest and the heaviest record of a step leave it finite`() throws {
    let spec = Case.spec(task: .regression)
    for weights in [[1e6, 1], [1e-38, Float(bitPattern: 71_362)], [1e-29], [1e6]] as [[Float]] {
      var stream = Stream(spec)
      let learner = Learner(spec: spec, batchCapacity: 32)
      for _ in 0..<20 {
        let batch = Self.weighed(stream.batch(16), weights)
        learner.predict(batch)
        let local = learner.backward(batch)
        #expect(local.isFinite)
        learner.absorbOwn()
        #expect(learner.apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum).isFinite)
      }
      learner.predict(stream.batch(8))
      #expect(answers(learner).allSatisfy { $0.isFinite })
    }
  }

  @Test func `a record of weight 0 whose loss is infinite leaves the step finite`() throws {
    let spec = Case.spec(task: .regression)
    var stream = Stream(spec)
    let batch = Self.weighed(stream.batch(8, allLabelled: true), [1])
    batch.labels[5] = 1e30
    let learner = Learner(spec: spec, batchCapacity: 8)
    learner.predict(batch)
    #expect(!learner.backward(batch).isFinite)
    learner.discardStep()
    batch.weights?[5] = 0
    learner.predict(batch)
    let local = learner.backward(batch)
    #expect(local.isFinite && local.labelled == 8 && local.weight == 7)
  }
}
