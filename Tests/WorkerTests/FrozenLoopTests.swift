import Collectives
import Evaluation
import Learning
import Pipelines
import Tensors
import Testing
import Vocabulary
import Worker

/// Versions of the small pipeline's model, each with weights of its own, in the order given.
func frozenVersions(
  _ numbers: [Int64], serving: Int64, learned: [Int64] = [], of pipeline: Pipeline = smallPipeline()
) throws -> FrozenVersions {
  let spec = LearnerSpec(pipeline)
  let learner = Learner(spec: spec, batchCapacity: 4)
  let batch = FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 1)
  batch.count = 4
  for row in 0..<4 { (batch.numbers[2 * row], batch.labels[row]) = (Float(row), Float(row % 2)) }
  var versions: [FrozenVersions.Version] = []
  for number in 1...(numbers.max() ?? 1) {
    learner.predict(batch)
    let local = learner.backward(batch)
    learner.absorbOwn()
    _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
    guard numbers.contains(number) else { continue }
    versions.append(
      FrozenVersions.Version(
        number: number, model: try ModelParameters(spec: spec, state: learner.encodeState()), learned: learned))
  }
  let frozen = FrozenVersions()
  frozen.call(numbers, serving: serving, new: versions)
  return frozen
}

@Suite("Frozen versions in the loop")
struct FrozenLoopTests {
  private static let pipeline = smallPipeline { $0.training.reproducible = true }

  private static func run(
    _ worldSize: Int, _ stream: MemoryStream, frozen: @escaping @Sendable (Int) -> FrozenVersions
  ) async throws -> [LoopResult] {
    try await runRanks(worldSize, pipeline, stream: stream, frozen: frozen)
  }

  @Test("their pairs are the same bits for any number of workers, and do not change what is learned")
  func sameBits() async throws {
    let stream = MemoryStream(partitionCount: 6, recordsPerPartition: 400)
    let alone = try await Self.run(1, stream) { _ in (try? frozenVersions([3, 1, 2], serving: 2)) ?? FrozenVersions() }
    let scores = try #require(alone.first).state.frozen
    #expect(scores.entries.map(\.version) == [3, 1, 2] && scores.serving == 2)
    let trained = alone[0].state.trained
    #expect(scores[version: 1]?.pairs.count == trained && scores[version: 2]?.pairs.count == trained)
    #expect(scores[version: 1]?.pairs.mean != scores[version: 2]?.pairs.mean)
    #expect(scores[version: 3]?.pairs.count == 0 && scores[version: 3]?.meanLoss != nil)
    #expect(scores.entries.allSatisfy { $0.trend.pairs.count == trained && $0.trend.pairs.mean < 0 })
    for worldSize in [2, 3] {
      for result in try await Self.run(
        worldSize, stream, frozen: { _ in (try? frozenVersions([3, 1, 2], serving: 2)) ?? FrozenVersions() })
      {
        #expect(result.error == nil)
        #expect(result.state.frozen == scores)
        #expect(result.learner == alone[0].learner)
      }
    }
    let without = try await Self.run(1, stream) { _ in FrozenVersions() }
    #expect(without[0].learner == alone[0].learner && without[0].state.frozen == FrozenScores())
  }

  @Test("a record counts for a version only where every rank asked it, and the first rank says who is asked")
  func agreed() async throws {
    let stream = MemoryStream(partitionCount: 4, recordsPerPartition: 200)
    let results = try await Self.run(2, stream) { rank in
      (try? frozenVersions(rank == 0 ? [3, 1, 2] : [2, 3, 5], serving: rank == 0 ? 2 : 5)) ?? FrozenVersions()
    }
    let state = results[0].state
    #expect(state.frozen.entries.map(\.version) == [3, 1, 2] && state.frozen.serving == 2)
    #expect(state.frozen[version: 1]?.weight == 0 && state.frozen[version: 2]?.pairs.count == state.trained)
    #expect(results[1].state.frozen == state.frozen)
  }

  @Test("what a version has learned is no evidence about it, also where records are read again")
  func own() async throws {
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 200)
    let result = try await Self.run(1, stream) { _ in
      (try? frozenVersions([3, 1], serving: 3, learned: [1 << 40, 0])) ?? FrozenVersions()
    }
    let scores = result[0].state.frozen
    let half = result[0].state.progress[1].trained
    #expect(half > 0 && scores[version: 1]?.pairs.count == half && scores[version: 3]?.weight == Double(half))
  }

  @Test("they outlive the generation, a first rank that has loaded nothing, and a checkpoint")
  func outlive() async throws {
    let first = try await Self.run(1, MemoryStream(partitionCount: 2, recordsPerPartition: 100)) { _ in
      (try? frozenVersions([3, 1], serving: 3)) ?? FrozenVersions()
    }
    let (before, learner) = (first[0].state, first[0].learner)
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 200)
    let silent = try runLoop(
      Self.pipeline, stream: stream, collective: SoloCollective(generation: .init(2)), board: Self.board(),
      from: (before, learner))
    #expect(silent.state.frozen == before.frozen && silent.state.trained > before.trained)
    let after = try runLoop(
      Self.pipeline, stream: stream, collective: SoloCollective(generation: .init(2)), board: Self.board(),
      from: (before, learner), frozen: try frozenVersions([3, 1], serving: 3))
    #expect(after.state.frozen[version: 1]?.pairs.count == after.state.trained)
    let restored = TrainingState(after.state.checkpoint([]), task: .binary, [])
    #expect(restored.frozen == after.state.frozen)
  }

  private static func board() -> ControlBoard {
    let board = ControlBoard()
    board.wish { $0.stopsAtEnd = true }
    return board
  }
}
