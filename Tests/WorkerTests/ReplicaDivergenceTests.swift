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
    #expect("\(ReplicaDivergence(digests: [7, 8], step: 3))".contains("nobody can say which is right"))
  }

  /// What ranks say that hold these blocks, and what they had agreed on before.
  private func judged(
    _ blocks: [[UInt64]], agreed: [UInt64]?, remembered: [UInt64?]? = nil, counts: [UInt64]? = nil
  ) -> ReplicaDivergence {
    let parts = [
      StateBlocks.Part(name: "weights", blocks: 0..<1), StateBlocks.Part(name: "embedding rows", blocks: 1..<3),
    ]
    let before = agreed.map { StateBlocks(parts: parts, digests: $0) }
    let looks = blocks.indices.map { rank in
      StateLook(blocks: blocks[rank], counts: counts?[rank] ?? 0, agreed: remembered?[rank] ?? before?.value ?? 0)
    }
    var divergence = ReplicaDivergence(digests: looks.map { $0.value }, step: 9)
    divergence.judge(looks, own: StateBlocks(parts: parts, digests: blocks[0]), agreed: before)
    return divergence
  }

  @Test("what no step has changed says who is wrong where votes do not, and that nobody has learned from it")
  func witnesses() {
    // Of two: the second block is what it was with one of them.
    let row = judged([[7, 2, 3], [7, 5, 3]], agreed: [1, 2, 3])
    #expect(row.damaged == [1] && !row.mayHaveSpread && row.parts == ["embedding rows"])
    #expect(row.keepsState(Rank(0), isReproducible: true) && !row.keepsState(Rank(1), isReproducible: false))
    // A step has changed what differs, or something else differs too.
    #expect(judged([[7, 2, 3], [8, 2, 3]], agreed: [1, 2, 3]).damaged == [0, 1])
    #expect(judged([[7, 2, 3], [8, 5, 3]], agreed: [1, 2, 3]).damaged == [0, 1])
    #expect(judged([[7, 2, 5], [7, 5, 3]], agreed: [1, 2, 3]).damaged == [0, 1])
    // Nothing was agreed on, or not the same.
    #expect(judged([[7, 2, 3], [7, 5, 3]], agreed: nil).damaged == [0, 1])
    #expect(judged([[7, 2, 3], [7, 5, 3]], agreed: [1, 2, 3], remembered: [nil, 44]).damaged == [0, 1])
    #expect(judged([[7, 2, 3], [7, 2, 3]], agreed: [1, 2, 3], counts: [4, 5]).parts == ["offsets and counts"])
  }

  @Test("of three, who is outvoted is damaged; where steps may have read what differs, a reproducible run goes back")
  func spread() {
    let weight = judged([[8, 2, 3], [7, 2, 3], [7, 2, 3]], agreed: [1, 2, 3])
    #expect(weight.damaged == [0] && weight.mayHaveSpread && weight.parts == ["weights"])
    #expect(weight.keepsState(Rank(1), isReproducible: false) && !weight.keepsState(Rank(1), isReproducible: true))
    let row = judged([[7, 2, 3], [7, 2, 3], [7, 2, 6]], agreed: [1, 2, 3])
    #expect(row.damaged == [2] && !row.mayHaveSpread)
    // Two are wrong, in two places: one is as it was in both.
    #expect(judged([[7, 5, 3], [7, 2, 3], [7, 2, 6]], agreed: [1, 2, 3]).damaged == [0, 2])
    let same = judged([[7, 2, 3], [7, 2, 3]], agreed: [1, 2, 3])
    #expect(same.damaged.isEmpty && same.keepsState(Rank(0), isReproducible: true))
    let named = weight.sentence(
      members: ["worker a at h:1", "worker b at h:2", "worker c at h:3"], isReproducible: false)
    #expect(named.hasPrefix("after step 9 rank 0, worker a at h:1, holds another model"), "\(named)")
  }

  @Test("what ranks tell each other is read as it was said")
  func looksTravel() throws {
    let look = StateLook(blocks: [3, .max, 0], counts: 5, agreed: 8)
    #expect(try look.bytes.withUnsafeBytes { try StateLook($0) } == look)
  }

  @Test("a machine on which it happens again and again within an hour is told of")
  func again() {
    var (log, now) = (DamageLog(), ContinuousClock.now)
    #expect(DamageLog.host(of: "10.0.0.7:4711") == "10.0.0.7")
    #expect(log.note(host: "a", at: now) == 1 && log.note(host: "b", at: now) == 1 && log.note(host: "a", at: now) == 2)
    now += .seconds(3599)
    #expect(log.note(host: "a", at: now) == DamageLog.many)
    now += .seconds(3598)
    #expect(log.note(host: "a", at: now) == 2)
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
