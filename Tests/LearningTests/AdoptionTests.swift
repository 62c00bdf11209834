import Learning
import Tensors
import Testing

@Suite struct `States of an older spec` {
  /// A learner of a case that has learned a little.
  private func trained(_ spec: LearnerSpec, steps: Int = 6) throws -> Learner {
    let learner = Learner(spec: spec, batchCapacity: 16)
    var stream = Stream(spec, seed: 3)
    for _ in 0..<steps { try learner.learn(stream.batch(16)) }
    return learner
  }

  /// The records of a batch in the columns of another spec; what is new there is as `fill` says.
  private func translate(_ batch: FeatureBatch, _ old: LearnerSpec, _ new: LearnerSpec, fill: Float) -> FeatureBatch {
    let copy = FeatureBatch(
      capacity: batch.count, numberCount: new.numbers.count, categoryCount: new.categoryColumns,
      labelCount: new.heads.count, weightedCount: new.weighted.count)
    copy.count = batch.count
    func columns(_ spec: LearnerSpec) -> [String: Range<Int>] {
      var next = 0
      var columns: [String: Range<Int>] = [:]
      for category in spec.categories {
        columns[category.name] = next..<(next + category.slots)
        next += category.slots
      }
      return columns
    }
    let (before, after) = (columns(old), columns(new))
    for row in 0..<batch.count {
      copy.keys[row] = batch.keys[row]
      for (place, input) in new.numbers.enumerated() {
        let source = old.numbers.firstIndex { $0.name == input.name }
        copy.numbers[row * copy.numberCount + place] =
          source.map { batch.numbers[row * batch.numberCount + $0] } ?? fill + Float(row % 3)
      }
      for (name, range) in after {
        for (slot, column) in range.enumerated() {
          copy.categories[row * copy.categoryCount + column] =
            before[name].map { batch.categories[row * batch.categoryCount + $0.lowerBound + slot] } ?? 1
        }
      }
      for head in 0..<new.heads.count {
        copy.labels[row * new.heads.count + head] =
          head < batch.labelCount ? batch.labels[row * batch.labelCount + head] : 1
      }
    }
    return copy
  }

  /// The same parameters, and after another step the same of everything.
  private func expectSame(_ old: Learner, _ new: Learner) throws {
    let isSame = new.parametersDigestInput == old.parametersDigestInput
    #expect(isSame)
    var stream = Stream(old.spec, seed: 9)
    let batch = stream.batch(16)
    try old.learn(batch)
    try new.learn(batch)
    let isSameAfter = new.encodeState() == old.encodeState()
    #expect(isSameAfter)
  }

  private func answers(_ learner: Learner, to batch: FeatureBatch) -> [Float] {
    learner.predict(batch)
    return withExtendedLifetime(learner) { Array(learner.outputs) }
  }

  @Test(arguments: Case.all) func `go on bit by bit where nothing was edited`(item: Case) throws {
    let old = try trained(item.spec)
    let new = Learner(spec: item.spec, batchCapacity: 16)
    try new.adoptState(old.encodeState(), of: item.spec)
    try expectSame(old, new)
  }

  @Test(arguments: Case.all.filter { $0.spec.weighted.isEmpty && !$0.spec.residual })
  func `answer as before when inputs, rows and heads come, and learn on`(item: Case) throws {
    let old = try trained(item.spec)
    var spec = item.spec
    spec.numbers.insert(NumberInput(name: "new", missingIndicator: true), at: 0)
    if !spec.factorization, !spec.bilinear, spec.kind == .network {
      spec.categories.insert(CategoryInput(name: "fresh", buckets: 5, dimension: 2), at: 0)
    }
    spec.heads.append(HeadSpec(name: "more", task: .binary))
    let new = Learner(spec: spec, batchCapacity: 16)
    try new.adoptState(old.encodeState(), of: item.spec)
    var stream = Stream(item.spec, seed: 5)
    for step in 0..<3 {
      let batch = stream.batch(16)
      let more = translate(batch, item.spec, spec, fill: 0.5)
      let (before, after) = (answers(old, to: batch), answers(new, to: more))
      if step == 0 {
        let worst = zip(before, after).map { abs($0 - $1) / max(1, abs($0)) }.max() ?? 1
        #expect(worst < 1e-5, "\(worst)")
      }
      let isFinite = after.allSatisfy { $0.isFinite }
      #expect(isFinite)
      try old.learn(batch)
      #expect(try new.learn(more).isFinite)
    }
    // What has come is learned too, unless a penalty holds small weights at 0.
    guard spec.optimizer.l1 == 0, spec.wideOptimizer?.l1 ?? 0 == 0 else { return }
    let batch = translate(stream.batch(16), item.spec, spec, fill: 0.5)
    let usual = answers(new, to: batch)
    for row in 0..<batch.count { batch.numbers[row * batch.numberCount] = -4 }
    let isAnother = answers(new, to: batch) != usual
    #expect(isAnother)
  }

  @Test func `answer with the same bits when a number comes to a plain network`() throws {
    let old = try trained(Case.spec())
    var spec = old.spec
    spec.numbers.append(NumberInput(name: "new"))
    let new = Learner(spec: spec, batchCapacity: 16)
    try new.adoptState(old.encodeState(), of: old.spec)
    var stream = Stream(old.spec, seed: 5)
    let batch = stream.batch(16)
    #expect(answers(new, to: translate(batch, old.spec, spec, fill: 7)) == answers(old, to: batch))
  }

  @Test(arguments: Case.all.filter { !$0.spec.residual })
  func `come back bit by bit from another order of their inputs`(item: Case) throws {
    let old = try trained(item.spec)
    var spec = item.spec
    spec.numbers.reverse()
    spec.categories.reverse()
    let turned = Learner(spec: spec, batchCapacity: 16)
    try turned.adoptState(old.encodeState(), of: item.spec)
    let back = Learner(spec: item.spec, batchCapacity: 16)
    try back.adoptState(turned.encodeState(), of: spec)
    try expectSame(old, back)
  }

  @Test func `keep the rows of a category by what they stand for`() throws {
    let old = try trained(Case.spec(wide: true))
    var spec = old.spec
    spec.categories[0].buckets = 8
    let new = Learner(spec: spec, batchCapacity: 16)
    // Row 3 is new, those behind it have moved on.
    try new.adoptState(old.encodeState(), of: old.spec, rows: ["k": [0, 1, 2, .max, 3, 4, 5, 6]])
    var stream = Stream(old.spec, seed: 5)
    let batch = stream.batch(16)
    let moved = translate(batch, old.spec, spec, fill: 0)
    for row in 0..<moved.count where moved.categories[row * moved.categoryCount] >= 3 {
      moved.categories[row * moved.categoryCount] += 1
    }
    #expect(answers(new, to: moved) == answers(old, to: batch))
  }

  @Test func `lose only what an optimiser of another kind remembers`() throws {
    let old = try trained(Case.spec())
    var spec = old.spec
    spec.optimizer = OptimizerSpec(kind: .sgd, learningRate: 0.01)
    let new = Learner(spec: spec, batchCapacity: 16)
    try new.adoptState(old.encodeState(), of: old.spec)
    #expect(new.parametersDigestInput == old.parametersDigestInput)
    #expect(new.step == old.step)
  }

  @Test func `are refused where one name has two shapes, and change nothing`() throws {
    let old = try trained(Case.spec())
    for change in [
      { (spec: inout LearnerSpec) in spec.hidden = [19, 7] },
      { $0.categories[1].dimension = 6 },
      { $0.categories[1].buckets = 9 },
    ] {
      var spec = old.spec
      change(&spec)
      let new = Learner(spec: spec, batchCapacity: 16)
      let before = new.encodeState()
      let error = #expect(throws: LearningError.self) { try new.adoptState(old.encodeState(), of: old.spec) }
      #expect(error?.code == .anotherSpec)
      #expect(new.encodeState() == before)
    }
  }
}
