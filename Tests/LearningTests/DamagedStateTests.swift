import Learning
import Tensors
import Testing
import Vocabulary

@Suite("States with wrong bits")
struct DamagedStateTests {
  static let specs: [LearnerSpec] = [OptimizerSpec.Kind.adam, .ftrl].map { kind in
    var spec = LearnerSpec(
      numbers: [NumberInput(name: "a", missingIndicator: true), NumberInput(name: "b")],
      categories: [
        CategoryInput(name: "own", buckets: 12, dimension: 3, ownRows: 16),
        CategoryInput(name: "bag", buckets: 10, dimension: 3, slots: 3, combiner: .sum, ownRows: 16),
      ], hidden: [4], wide: true, task: .regression)
    spec.embeddingOptimizer = OptimizerSpec(kind: kind, learningRate: 0.01)
    return spec
  }

  private func step(_ learner: Learner, _ batch: FeatureBatch) {
    learner.predict(batch)
    let local = learner.backward(batch)
    learner.absorbOwn()
    _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
  }

  @Test("are refused as damaged, or learned on from: nothing traps", arguments: specs)
  func flips(spec: LearnerSpec) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("States with wrong bits: seed \(seed)")
    var random = SplitMix64(seed: seed)
    var batches = SyntheticBatches(spec, seed: 3)
    let learner = Learner(spec: spec, batchCapacity: 8)
    for _ in 0..<12 { step(learner, batches.next(rows: 8)) }
    let good = learner.encodeState()
    var (refused, taken) = (0, 0)
    for _ in 0..<600 {
      var bad = good
      for _ in 0...(random.next() % 3) {
        let place = Int(random.next() % UInt64(bad.count - 8))
        switch random.next() % 3 {
        case 0: bad[place] ^= 1 << UInt8(random.next() % 8)
        // All ones, and the largest signed number, where numbers of things stand.
        case 1: for byte in 0..<8 { bad[place & ~7 | byte] = 0xFF }
        default: for byte in 0..<8 { bad[place & ~7 | byte] = byte == 7 ? 0x7F : 0xFF }
        }
      }
      do {
        try learner.restoreState(bad)
        for _ in 0..<2 { step(learner, batches.next(rows: 8)) }
        _ = learner.encodeState().count
        taken += 1
      } catch is LearningError { refused += 1 }
    }
    #expect(refused > 20 && taken > 20, "\(refused) refused, \(taken) taken, seed \(seed)")
    try learner.restoreState(good)
    #expect(learner.encodeState() == good)
  }

  @Test("numbers of things beyond all bounds are refused wherever they stand, and change nothing")
  func counts() throws {
    let spec = Self.specs[0]
    var batches = SyntheticBatches(spec, seed: 4)
    let learner = Learner(spec: spec, batchCapacity: 8)
    for _ in 0..<3 { step(learner, batches.next(rows: 8)) }
    let good = learner.encodeState()
    let shape = Int(good[8..<12].withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
    let columns = 3
    let taken = 12 + shape + 16 + 3 * (8 + columns * 8) + (8 + columns * 64 * 4) + 8
    for place in [12 + shape, taken] {
      for bytes: [UInt8] in [[255, 255, 255, 255, 255, 255, 255, 255], [255, 255, 255, 255, 255, 255, 255, 127]] {
        var bad = good
        bad.replaceSubrange(place..<(place + 8), with: bytes)
        let error = #expect(throws: LearningError.self) { try learner.restoreState(bad) }
        #expect(error?.code == .damaged, "\(error?.reason ?? "")")
        #expect(learner.encodeState() == good)
      }
    }
  }
}
