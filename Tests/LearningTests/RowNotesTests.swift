import Learning
import Tensors
import Testing
import Vocabulary

@Suite("Rows that no step has changed")
struct RowNotesTests {
  private static let spec: LearnerSpec = {
    var spec = LearnerSpec(
      numbers: [NumberInput(name: "a")],
      categories: [
        CategoryInput(name: "plain", buckets: 400_000, dimension: 8),
        CategoryInput(name: "own", buckets: 120, dimension: 4, ownRows: 16),
      ], hidden: [8], wide: true, task: .binary)
    spec.embeddingOptimizer = OptimizerSpec(kind: .adam, learningRate: 0.01)
    return spec
  }()

  private static func steps(_ count: Int, _ learner: Learner, _ batches: inout SyntheticBatches) {
    for _ in 0..<count {
      let batch = batches.next(rows: 8)
      learner.predict(batch)
      let local = learner.backward(batch)
      learner.absorbOwn()
      _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
    }
  }

  @Test("are what they were, whatever steps do to others, and to those that values are given")
  func sound() throws {
    let learner = Learner(spec: Self.spec, batchCapacity: 8)
    #expect(learner.takeSpoiled().isEmpty && !learner.notesRows)
    learner.notesRows = true
    var batches = SyntheticBatches(Self.spec, seed: 5)
    for _ in 0..<12 {
      Self.steps(6, learner, &batches)
      #expect(learner.takeSpoiled().isEmpty)
    }
    #expect(learner.network.tables.dictionaries.contains { $0.keys[0] != 0 }, "no value has got a row of its own")
    try learner.restoreState(learner.encodeState())
    #expect(!learner.notesRows)
  }

  @Test("are told of where a bit of them flips, with what it is of, once")
  func spoiled() {
    let learner = Learner(spec: Self.spec, batchCapacity: 8)
    learner.notesRows = true
    var batches = SyntheticBatches(Self.spec, seed: 6)
    func flip(_ buffer: AlignedBuffer<Float>) {
      let place = buffer.count / 3
      buffer[place] = Float(bitPattern: buffer[place].bitPattern ^ 1 << 21)
    }
    let (tables, optimizers) = (learner.network.tables, learner.optimizers)
    for (buffer, name) in [
      (tables.weights, "embedding rows"), (tables.wideWeights, "wide rows"),
      (optimizers.embeddingRows.buffers[1], "number 2 of what the optimizer keeps of the embedding rows"),
      (optimizers.wideRows.buffers[0], "number 1 of what the optimizer keeps of the wide rows"),
    ] {
      Self.steps(1, learner, &batches)
      flip(buffer)
      Self.steps(1, learner, &batches)
      #expect(learner.takeSpoiled() == [name])
      #expect(learner.takeSpoiled().isEmpty)
    }
    // Every step changes these: nobody who is alone can tell.
    flip(learner.network.parameters)
    #expect(learner.takeSpoiled().isEmpty)
  }

  @Test("blocks of the same state are the same, and a bit that flips anywhere is in the block that is named for it")
  func blocks() throws {
    let learners = (0..<2).map { _ in Learner(spec: Self.spec, batchCapacity: 8) }
    var batches = [SyntheticBatches(Self.spec, seed: 7), SyntheticBatches(Self.spec, seed: 7)]
    for place in 0..<2 { Self.steps(5, learners[place], &batches[place]) }
    let other = Learner(spec: Self.spec, batchCapacity: 8)
    try other.restoreState(learners[0].encodeState())
    let same = learners[0].digestState()
    #expect(learners[1].digestState() == same && other.digestState() == same)
    let mean = learners[1].network.normalizer.running.mean
    mean[0] = Double(bitPattern: mean[0].bitPattern ^ 1)
    let now = learners[1].digestState()
    let different = now.digests.indices.filter { now.digests[$0] != same.digests[$0] }
    #expect(different.count == 1 && now.names(of: different) == ["normalizer"] && now.value != same.value)
  }
}
