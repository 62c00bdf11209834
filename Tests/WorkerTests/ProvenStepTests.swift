import Pipelines
import Testing
import Worker

@Suite("Steps that are made twice")
struct ProvenStepTests {
  private static let stream = MemoryStream(partitionCount: 3, recordsPerPartition: 1100)

  /// - Parameter step: Of which a bit of one rank's gradient flips.
  private static func run(_ worldSize: Int, isReproducible: Bool, spoils step: Int64?) async throws -> [LoopResult] {
    let pipeline = smallPipeline {
      $0.training.reproducible = isReproducible
      $0.checkpoint.everySteps = 1000
    }
    return try await runRanks(
      worldSize, pipeline, stream: stream,
      modelOfRank: { rank, learner in
        let model = WatchedModel(learner)
        if rank == worldSize - 1 { model.spoilsGradientOf = step }
        return model
      })
  }

  @Test(
    "a bit that flips in a gradient then is told of, and goes into no sum", arguments: [1, 2, 3], [false, true])
  func proven(worldSize: Int, isReproducible: Bool) async throws {
    let expected = try await Self.run(worldSize, isReproducible: isReproducible, spoils: nil)
    #expect(expected[0].state.step == 275 && expected.allSatisfy { $0.end == .finished && $0.doubts.isEmpty })
    let results = try await Self.run(worldSize, isReproducible: isReproducible, spoils: StepLoop.provenEvery)
    #expect(results.allSatisfy { $0.end == .finished && $0.learner == expected[0].learner })
    #expect(results.map(\.doubts.count) == Array(repeating: 0, count: worldSize - 1) + [1])
    #expect(results[worldSize - 1].doubts[0].contains("when step 256 was made again"))
    // In any other step nobody sees it.
    let others = try await Self.run(worldSize, isReproducible: isReproducible, spoils: StepLoop.provenEvery - 1)
    #expect(others.allSatisfy { $0.end == .finished && $0.doubts.isEmpty && $0.learner == others[0].learner })
    let isSame = others[0].learner == expected[0].learner
    #expect(!isSame)
  }
}
