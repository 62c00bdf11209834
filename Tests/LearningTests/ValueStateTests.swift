import Learning
import Tensors
import Testing
import Vocabulary

@Suite("Values in states and attachments")
struct ValueStateTests {
  private func spec(ownRows: Int = 16, wide: Bool = true, optimizer: OptimizerSpec.Kind = .adam) -> LearnerSpec {
    var spec = LearnerSpec(
      numbers: [NumberInput(name: "a")],
      categories: [
        CategoryInput(name: "plain", buckets: 9, dimension: 3),
        CategoryInput(name: "own", buckets: 12, dimension: 3, ownRows: ownRows),
        CategoryInput(name: "bag", buckets: 10, dimension: 3, slots: 3, combiner: .sum, ownRows: ownRows),
      ], hidden: [8], wide: wide, task: .binary)
    spec.embeddingOptimizer = OptimizerSpec(kind: optimizer, learningRate: 0.01)
    return spec
  }

  private func step(_ learner: Learner, _ batch: FeatureBatch) {
    learner.predict(batch)
    let local = learner.backward(batch)
    learner.absorbOwn()
    _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
  }

  @Test("a state comes back bit by bit, with who was counted", arguments: [OptimizerSpec.Kind.adam, .adagrad, .ftrl])
  func state(optimizer: OptimizerSpec.Kind) throws {
    let spec = spec(optimizer: optimizer)
    var batches = SyntheticBatches(spec, seed: 9)
    let learner = Learner(spec: spec, batchCapacity: 8)
    for count in 0..<12 {
      step(learner, batches.next(rows: 8))
      let other = Learner(spec: spec, batchCapacity: 8)
      try other.restoreState(learner.encodeState())
      #expect(other.encodeState() == learner.encodeState())
      let batch = batches.next(rows: 8)
      step(learner, batch)
      step(other, batch)
      #expect(other.encodeState() == learner.encodeState(), "after \(count) steps")
    }
    #expect(learner.ownValues.allSatisfy { $0.contains { $0 != 0 } })
  }

  @Test("an attachment with values is refused whatever is wrong in it, and changes nothing")
  func damage() throws {
    let spec = spec()
    var batches = SyntheticBatches(spec, seed: 10)
    let learner = Learner(spec: spec, batchCapacity: 8)
    let batch = batches.next(rows: 8)
    learner.predict(batch)
    _ = learner.backward(batch)
    var good: [UInt8] = []
    learner.appendAttachment(to: &good)
    func absorb(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try learner.absorb(attachments: [$0]) } }
    try absorb(good)
    for length in stride(from: 0, to: good.count, by: 7) {
      #expect(throws: LearningError.self) { try absorb(Array(good.prefix(length))) }
    }
    #expect(throws: LearningError.self) { try absorb(good + [UInt8](repeating: 0, count: 24)) }
    // The last sighting: its feature, then the high half of its hash; and its order.
    for (offset, bytes) in [(24, [UInt8](repeating: 0xFF, count: 8)), (4, [0, 0, 0, 0])] {
      var bad = good
      for (place, byte) in bytes.enumerated() { bad[good.count - offset + place] = byte }
      #expect(throws: LearningError.self) { try absorb(bad) }
    }
    var bad = good
    let last = Array(good.suffix(24))
    bad.replaceSubrange((good.count - 48)..<(good.count - 24), with: last)
    #expect(throws: LearningError.self) { try absorb(bad) }
    var counted = good
    counted[24] &+= 1
    #expect(throws: LearningError.self) { try absorb(counted) }
  }

  @Test("a step asks for a row by its hash wherever the batch is split")
  func splits() {
    let spec = spec()
    var batches = SyntheticBatches(spec, seed: 11)
    let learner = Learner(spec: spec, batchCapacity: 8)
    for _ in 0..<8 { step(learner, batches.next(rows: 8)) }
    let batch = batches.next(rows: 8)
    learner.predict(batch)
    let whole = Array(learner.outputs)
    let single = spec.makeBatch(capacity: 1)
    single.count = 1
    let apart = (0..<8).map { row in
      single.copyRow(row, of: batch, to: 0)
      learner.predict(single)
      return learner.outputs[0]
    }
    #expect(apart == whole)
  }
}
