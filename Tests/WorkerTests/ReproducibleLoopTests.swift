import Health
import Ingest
import Learning
import Pipelines
import Registry
import Testing
import Vocabulary
import Worker

@Suite("Reproducible steps")
struct ReproducibleLoopTests {
  @Test(
    "in reproducible mode the world decides only who computes: the same steps, and the same bits",
    arguments: [nil, 1, 5, 12] as [Int?])
  func reproducibleSteps(recordsPerStep: Int?) async throws {
    let pipeline = smallPipeline {
      $0.training.reproducible = true
      $0.training.recordsPerStep = recordsPerStep
    }
    var stream = MemoryStream(partitionCount: 6, recordsPerPartition: 130)
    stream.rejectEvery = 17
    stream.shorter = [1: 7, 4: 101]
    let alone = try await runRanks(1, pipeline, stream: stream)[0]
    #expect(alone.state.trained > 550 && alone.end == .finished, "\(alone.error ?? "")")
    let samples = alone.snapshots.map { $0.sample?.encoded() }
    let health = Self.counts(alone)
    #expect(health.contains { $0.hasPrefix("hidden") && !$0.contains("inputs 0 ") })
    #expect(alone.snapshots.reduce(0) { $0 + ($1.sample?.seen ?? 0) } >= alone.state.trained)
    for worldSize in [2, 3, 4, 8] {
      let results = try await runRanks(worldSize, pipeline, stream: stream)
      #expect(results[0].snapshots.map { $0.sample?.encoded() } == samples)
      #expect(Self.counts(results[0]) == health, "\(worldSize) ranks")
      for result in results {
        #expect(result.learner == alone.learner, "\(worldSize) ranks \(result.error ?? "")")
        #expect(result.state.step == alone.state.step && result.state.trained == alone.state.trained)
      }
    }
    // Without it they do not: the test sees the difference.
    let free = smallPipeline { $0.training.recordsPerStep = recordsPerStep }
    if recordsPerStep == nil {
      let (one, three) = (
        try await runRanks(1, free, stream: stream)[0], try await runRanks(3, free, stream: stream)[0]
      )
      #expect(one.state.trained == three.state.trained && one.learner != three.learner)
    }
  }

  /// All that is whole of the layers' health, window by window: sums of rows are added in another order by other ranks.
  private static func counts(_ result: LoopResult) -> [String] {
    result.snapshots.flatMap(\.health).map { layer in
      let all = [("outputs", layer.sketch)] + (layer.tensors?.all ?? [])
      return layer.layer + " "
        + all.map { name, sketch in
          "\(name) \(sketch.count) \(sketch.zeros) \(sketch.negatives) \(sketch.saturated) \(sketch.nonFinite) "
            + "\(sketch.minimum) \(sketch.maximum) \(sketch.sampled == 0 || name == "outputs" ? [] : sketch.buckets) "
            + "\(sketch.unitActivity)"
        }.joined(separator: "; ")
    }
  }

  @Test("a poisoned record and one that makes a sum overflow cost the same records and bits in every world")
  func sameBitsOfPoison() async throws {
    var stream = MemoryStream(partitionCount: 4, recordsPerPartition: 40)
    stream.poisoned = [3, 13, 21]
    for poison in [Float.infinity, .greatestFiniteMagnitude] {
      stream.poison = poison
      let pipeline = smallPipeline {
        $0.training.reproducible = true
        $0.model.hidden = []
        $0.schema.features[0].normalize = .none
      }
      let alone = try await runRanks(1, pipeline, stream: stream)[0]
      for worldSize in [2, 4] {
        let results = try await runRanks(worldSize, pipeline, stream: stream)
        #expect(results.allSatisfy { $0.learner == alone.learner && $0.end == .finished })
        #expect(results[0].state.rejected == alone.state.rejected)
        #expect(
          Set(results.flatMap(\.quarantined).map(\.position)) == Set(alone.quarantined.map(\.position)), "\(poison)")
      }
    }
  }

  @Test("a pause in reproducible mode leaves what was taken in hand, and changes no bit", arguments: [1, 2, 3])
  func pauses(worldSize: Int) async throws {
    let pipeline = smallPipeline { $0.training.reproducible = true }
    let stream = MemoryStream(partitionCount: 4, recordsPerPartition: 60)
    let whole = try await runRanks(1, pipeline, stream: stream)[0]
    let results = try await runRanks(
      worldSize, pipeline, stream: stream,
      beforeExchange: { exchange, board in
        // In the step that says who has records, in one that learns, and twice in a row.
        board.wish { $0.paused = [0, 7, 9, 10].contains(exchange) }
      })
    for result in results {
      #expect(result.end == .finished && result.learner == whole.learner, "\(result.error ?? "")")
      #expect(result.state.progress == whole.state.progress)
    }
  }

  @Test("the ledger says what was decided of every step, and which records were taken out of it, whoever held them")
  func decisions() async throws {
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 40)
    stream.poisoned = [13, 22]
    let pipeline = smallPipeline {
      $0.training.ledger = true
      $0.training.reproducible = true
      $0.schema.features[0].normalize = .none
    }
    let alone = try #require(try await runRanks(1, pipeline, stream: stream)[0].snapshots.last).state.decisions
    #expect(alone.map(\.step) == Array(1...10) && alone.allSatisfy(\.isApplied))
    #expect(alone.map(\.records) == [8, 8, 8, 7, 8, 7, 8, 8, 8, 8])
    #expect(
      alone.flatMap(\.skips).map(\.offset) == [13, 22] && alone.flatMap(\.skips).allSatisfy { $0.reason == .nonFinite })
    #expect(alone.allSatisfy { $0.learningRate == 0.02 || abs($0.learningRate - 0.02) < 1e-6 })
    #expect(alone.allSatisfy { $0.weight == Double($0.records) && $0.lossSum > 0 && $0.gradientNorm > 0 })
    let two = try #require(try await runRanks(2, pipeline, stream: stream)[0].snapshots.last).state.decisions
    #expect(two == alone)
  }
}
