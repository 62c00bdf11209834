import Learning
import Pipelines
import Synchronization
import Tensors
import Testing
import Vocabulary
import Worker

@Suite("Replica divergence")
struct ReplicaDivergenceTests {
  @Test("who is outvoted is damaged; where nobody is, all may be")
  func votes() {
    func damaged(_ digests: [UInt64]) -> [Int] { ReplicaDivergence(digests: digests, step: 1).damaged }
    #expect(damaged([7, 7, 8]) == [2] && damaged([8, 7, 7, 7]) == [0])
    #expect(damaged([7, 8]) == [0, 1] && damaged([7, 7, 8, 8]) == [0, 1, 2, 3] && damaged([1, 2, 3]) == [0, 1, 2])
    let one = ReplicaDivergence(digests: [7, 7, 8], step: 12)
    #expect(one.isSound(Rank(0)) && !one.isSound(Rank(2)))
    #expect("\(one)".hasPrefix("after step 12 rank 2 holds another model than the other 2 of 3: it takes theirs"))
    #expect("\(ReplicaDivergence(digests: [7, 8], step: 3))".contains("no majority"))
  }

  @Test("a bit that flips in one rank's weights ends the generation on all, with its name, before a checkpoint has it")
  func flipped() async throws {
    let stream = MemoryStream(partitionCount: 3, recordsPerPartition: 1200)
    let pipeline = smallPipeline { $0.checkpoint.everySteps = 1_000_000 }
    let made = Mutex(0)
    let results = try await runRanks(
      3, pipeline, stream: stream,
      model: { learner in
        let model = WatchedModel(learner)
        // The third that is made; which rank that is, all find out.
        if made.withLock({ number in
          number += 1; return number == 3
        }) {
          model.flipsBitAfterStep = 20
        }
        return model
      })
    let reasons = Set(results.compactMap(\.error))
    #expect(
      reasons.count == 1 && reasons.first?.contains("holds another model than the other 2 of 3") == true, "\(reasons)")
    #expect(results.allSatisfy { $0.end == nil && (21...84).contains($0.state.step) && $0.snapshots.isEmpty })
  }
}
