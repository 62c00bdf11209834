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
    let rig = AttachmentRig(spec, batches.next(rows: 8))
    let size = rig.good.count
    try rig.absorb(rig.good)
    for length in stride(from: 0, to: size, by: 7) { #expect(rig.refuses { $0.removeLast(size - length) }) }
    #expect(rig.refuses { $0 += [UInt8](repeating: 0, count: 24) })
    // The last sighting: its feature, then the high half of its hash; and its order.
    for (offset, bytes) in [(24, [UInt8](repeating: 0xFF, count: 8)), (4, [0, 0, 0, 0])] {
      #expect(
        rig.refuses { bad in for (place, byte) in bytes.enumerated() { bad[size - offset + place] = byte } })
    }
    #expect(rig.refuses { $0.replaceSubrange((size - 48)..<(size - 24), with: rig.good.suffix(24)) })
    #expect(rig.refuses { $0[24] &+= 1 })
  }

  @Test("the rows of a step take as many bytes as there are rows at most, and a step that touches all takes them")
  func bound() {
    var spec = LearnerSpec(
      numbers: [NumberInput(name: "a")], categories: [CategoryInput(name: "k", buckets: 8, dimension: 3)], hidden: [4],
      wide: true, task: .binary)
    spec.categories.append(CategoryInput(name: "l", buckets: 6, dimension: 5))
    func bytes(labelled: Bool) -> (count: Int, most: Int) {
      let batch = spec.makeBatch(capacity: 8)
      batch.count = 8
      for row in 0..<8 {
        (batch.numbers[row], batch.labels[row], batch.keys[row]) = (Float(row), labelled ? 1 : .nan, UInt64(row))
        (batch.categories[2 * row], batch.categories[2 * row + 1]) = (UInt32(row), UInt32(row % 6))
      }
      let rig = AttachmentRig(spec, batch)
      return (rig.good.count, rig.learner.touchedBytesMax)
    }
    let (all, none) = (bytes(labelled: true), bytes(labelled: false))
    // A row has its number, its embedding and its wide weight, four bytes each; two parts are filled up to eight bytes.
    #expect(all.most == 8 * 4 * (1 + 3 + 1) + 6 * 4 * (1 + 5 + 1))
    #expect((0..<16).contains(all.count - none.count - all.most), "\(all), \(none)")
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
