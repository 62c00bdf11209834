import Learning
import Tensors
import Testing
import Vocabulary

@Suite("State watch")
struct StateWatchTests {
  static let spec: LearnerSpec = {
    var spec = LearnerSpec(
      numbers: [NumberInput(name: "a")],
      categories: [
        CategoryInput(name: "plain", buckets: 900, dimension: 8),
        CategoryInput(name: "own", buckets: 120, dimension: 8, ownRows: 16),
      ], hidden: [32, 8], wide: true, task: .binary)
    spec.embeddingOptimizer = OptimizerSpec(kind: .adagrad, learningRate: 0.01)
    return spec
  }()

  /// Two learners of the same batches.
  private struct Pair {
    let learners: [Learner]
    var batches: SyntheticBatches

    init() {
      let spec = StateWatchTests.spec
      learners = (0..<2).map { _ in Learner(spec: spec, batchCapacity: 16) }
      for learner in learners { learner.isWatched = true }
      batches = SyntheticBatches(spec, seed: 3)
    }

    /// One step of both: their digests.
    mutating func step() -> [UInt64] {
      let batch = batches.next(rows: 16)
      return learners.map { learner in
        learner.predict(batch)
        let local = learner.backward(batch)
        learner.absorbOwn()
        return learner.apply(labelled: local.labelled, lossSum: local.lossSum).digest
      }
    }

    /// Steps until the digests differ; nil: they never do.
    mutating func stepsUntilSeen(atMost limit: Int64) -> Int64? {
      for count in 1...limit {
        let digests = step()
        if digests[0] != digests[1] { return count }
      }
      return nil
    }
  }

  @Test("the same state has the same digest at every step, and another at the next")
  func same() {
    var pair = Pair()
    var seen: Set<UInt64> = []
    for _ in 0..<200 {
      let digests = pair.step()
      #expect(digests[0] == digests[1] && digests[0] != 0)
      seen.insert(digests[0])
    }
    #expect(seen.count == 200)
  }

  @Test("a bit of a weight that is flipped is seen within 64 steps, and one anywhere else within a sweep")
  func flipped() {
    var random = SplitMix64(seed: 77)
    let sweep = Pair().learners[0].watch?.sweepSteps ?? 0
    #expect(sweep > 64)
    for _ in 0..<12 {
      var pair = Pair()
      for _ in 0..<Int(random.next() % 70) { _ = pair.step() }
      let learner = pair.learners[1]
      learner.flipDenseBit(random: &random)
      #expect(pair.stepsUntilSeen(atMost: 64) != nil)
    }
    for place in 0..<8 {
      var pair = Pair()
      for _ in 0..<10 { _ = pair.step() }
      pair.learners[1].flipStateBit(eighth: place, random: &random)
      #expect(pair.stepsUntilSeen(atMost: sweep + 64) != nil, "eighth \(place)")
    }
  }

  @Test("who is not watched says nothing")
  func unwatched() {
    var pair = Pair()
    pair.learners[1].isWatched = false
    #expect(pair.step()[1] == 0)
  }
}

extension Learner {
  /// Flips a bit of a dense parameter. Not of one that is zero: what is too small for a float that counts is zero again soon.
  fileprivate func flipDenseBit(random: inout SplitMix64) {
    let parameters = network.parameters
    let places = (0..<parameters.count).filter { parameters[$0] != 0 }
    let place = places[Int(random.next() % UInt64(places.count))]
    parameters[place] = Float(bitPattern: parameters[place].bitPattern ^ 1 << UInt32(8 + random.next() % 14))
  }

  /// Flips a bit of an embedding row, by the part of the table in which it lies.
  fileprivate func flipStateBit(eighth: Int, random: inout SplitMix64) {
    let weights = network.tables.weights
    let place = weights.count * eighth / 8 + Int(random.next() % UInt64(max(1, weights.count / 8)))
    weights[place] = Float(bitPattern: weights[place].bitPattern ^ 1 << UInt32(8 + random.next() % 14))
  }
}
