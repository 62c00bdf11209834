import Collectives
import Evaluation
import Foundation
import Learning
import Pipelines
import Testing
import Vocabulary
import Worker

/// Bits of one rank's state flip, and the others find out, say who it was, and go on as if nothing had happened. How many:
/// `RETRAIN_TEST_FLIPS`.
@Suite("Flipped bits")
struct BitFlipTests {
  private static let stream = MemoryStream(partitionCount: 3, recordsPerPartition: 240)
  private static let checkpointSteps = 20
  private static var flips: Int {
    ProcessInfo.processInfo.environment["RETRAIN_TEST_FLIPS"].flatMap { Int($0) } ?? 96
  }

  private static func pipeline(isReproducible: Bool = true, buckets: Int = 16) -> Pipeline {
    smallPipeline {
      $0.training.reproducible = isReproducible
      $0.checkpoint.everySteps = checkpointSteps
      $0.schema.features[2].buckets = buckets
    }
  }

  /// What all have from a run on.
  private struct Start: Sendable {
    var state: TrainingState
    var learner: [UInt8]
    var memory: [UInt8]?
  }

  private static func run(
    _ worldSize: Int, _ pipeline: Pipeline, _ flip: BitFlip? = nil, from start: Start? = nil,
    after divergence: ReplicaDivergence? = nil
  ) async throws -> [LoopResult] {
    try await runRanks(
      worldSize, pipeline, stream: stream, from: start.map { ($0.state, $0.learner) }, memory: start?.memory,
      further: KeyMemoryPlan.both, suspicion: divergence.flatMap { Suspicion($0) },
      modelOfRank: { rank, learner in
        let model = WatchedModel(learner)
        if let flip, flip.rank == rank {
          model.harmAfterStep = flip.step
          model.harm = { flip.strike($0) }
        }
        return model
      })
  }

  /// Where ranks go on from after a divergence, as workers agree on it; nil: from the beginning.
  private static func next(_ results: [LoopResult], _ pipeline: Pipeline) throws -> Start? {
    let saved = results.flatMap(\.snapshots).max { $0.state.step < $1.state.step }
    let standings = try results.enumerated().map { rank, result in
      let divergence = try #require(result.divergence, "\(result.error ?? "")")
      let keeps = divergence.keepsState(Rank(rank), isReproducible: pipeline.training.reproducible)
      return Standing(held: keeps ? result.state.step : -1, saved: rank == 0 ? saved?.state.step ?? -1 : -1)
    }
    guard let source = Standing.source(standings) else {
      return saved.map { Start(state: $0.state, learner: $0.learner, memory: $0.memory) }
    }
    let result = results[source.rawValue]
    #expect(result.divergence?.isSound(source) == true)
    return Start(state: result.state, learner: result.learner, memory: result.memory)
  }

  @Test("wherever a bit flips, it is noticed, three name the rank, and the run ends with the bits of one without it")
  func healed() async throws {
    var random = SplitMix64(seed: 41)
    let pipeline = Self.pipeline()
    let expected = try await Self.run(1, pipeline)[0]
    #expect(expected.state.step == 60 && expected.end == .finished)
    var (noticed, named, later, traces, latest) = (0, 0, 0, 0, Int64(0))
    var vanished: [BitFlip.Kind: Int] = [:]
    for number in 0..<Self.flips {
      let worldSize = 2 + number / BitFlip.Kind.allCases.count % 2
      let flip = BitFlip(
        BitFlip.Kind.allCases[number % BitFlip.Kind.allCases.count], rank: Int(random.next() % UInt64(worldSize)),
        step: Int64(random.next() % 58), random: &random)
      var results = try await Self.run(worldSize, pipeline, flip)
      let divergences = results.compactMap(\.divergence)
      if divergences.isEmpty {
        // It was gone by rounding, most often before it made a difference.
        vanished[flip.kind, default: 0] += 1
        #expect(results.allSatisfy { $0.end == .finished && $0.learner == results[0].learner }, "\(flip)")
        if results[0].learner != expected.learner { traces += 1 }
      } else {
        noticed += 1
        let divergence = divergences[0]
        #expect(
          divergences.count == worldSize && divergences.allSatisfy { $0.damaged == divergence.damaged }, "\(flip)")
        latest = max(latest, divergence.step - flip.step)
        #expect(divergence.step - flip.step <= Int64(Self.checkpointSteps) + 1, "\(flip): \(divergence)")
        #expect(!divergence.parts.isEmpty && divergence.damaged.contains(flip.rank), "\(flip): \(divergence)")
        if divergence.damaged == [flip.rank] { named += 1 } else { #expect(worldSize == 2, "\(flip): \(divergence)") }
        results = try await Self.run(worldSize, pipeline, from: try Self.next(results, pipeline), after: divergence)
        if let wrong = results[0].wrong {
          later += 1
          #expect(
            divergence.damaged.count == worldSize && results.allSatisfy { $0.wrong == [flip.rank] }, "\(flip): \(wrong)"
          )
        }
        for result in results {
          #expect(result.end == .finished, "\(flip): \(result.error ?? "")")
          #expect(result.learner == expected.learner && result.memory == expected.memory, "\(flip)")
          #expect(result.state.step == expected.state.step && result.state.trained == expected.state.trained, "\(flip)")
        }
      }
    }
    print(
      "\(Self.flips) flips: \(noticed) noticed, at most \(latest) steps later, \(named) named, \(later) later; \(vanished) vanished, "
        + "\(traces) of these not without a trace")
    // Most of a small model's numbers are zero now and then, and what is too small for a float that counts is zero again soon.
    #expect(noticed * 5 > Self.flips * 3 && named * 3 > noticed && later > 0 && traces * 100 <= Self.flips)
  }

  @Test("of two, a row that no step has changed says who is wrong, and the other's state is taken as it is")
  func witness() async throws {
    var random = SplitMix64(seed: 43)
    let pipeline = Self.pipeline(buckets: 1 << 16)
    let expected = try await Self.run(1, pipeline)[0]
    for kind in [BitFlip.Kind.embedding, .rowMoment, .embedding, .rowMoment] {
      let flip = BitFlip(kind, rank: Int(random.next() % 2), step: 5 + Int64(random.next() % 50), random: &random)
      let results = try await Self.run(2, pipeline, flip)
      let divergence = try #require(results[0].divergence, "\(flip): \(results[0].error ?? "")")
      #expect(divergence.damaged == [flip.rank] && !divergence.mayHaveSpread, "\(flip): \(divergence)")
      #expect(divergence.parts.allSatisfy { $0.contains("embedding rows") })
      let start = try #require(try Self.next(results, pipeline))
      #expect(start.state.step == divergence.step)
      for result in try await Self.run(2, pipeline, from: start) {
        #expect(result.learner == expected.learner && result.memory == expected.memory, "\(flip)")
      }
    }
  }

  @Test("who is outvoted takes the others' state, and no step is made twice, where bits need not be the same")
  func fromPeer() async throws {
    var random = SplitMix64(seed: 47)
    let pipeline = Self.pipeline(isReproducible: false)
    for kind in [BitFlip.Kind.weight, .secondMoment, .normalizer, .counter] {
      let flip = BitFlip(kind, rank: Int(random.next() % 3), step: 10 + Int64(random.next() % 30), random: &random)
      let results = try await Self.run(3, pipeline, flip)
      guard let divergence = results[0].divergence else {
        #expect(results.allSatisfy { $0.end == .finished && $0.learner == results[0].learner }, "\(flip)")
        continue
      }
      #expect(divergence.damaged == [flip.rank], "\(flip): \(divergence)")
      let start = try #require(try Self.next(results, pipeline))
      #expect(start.state.step == divergence.step && start.state.trained == results[(flip.rank + 1) % 3].state.trained)
      let healed = try await Self.run(3, pipeline, from: start)
      #expect(healed.allSatisfy { $0.end == .finished && $0.learner == healed[0].learner && $0.state.consumed == 720 })
    }
  }

  @Test("who holds the same is never told that it does not, whatever the world")
  func noAlarm() async throws {
    for number in 0..<max(8, Self.flips / 4) {
      let pipeline = Self.pipeline(isReproducible: number % 2 == 0, buckets: 16 << (number % 5))
      for result in try await Self.run(2 + number % 3 % 2, pipeline) {
        #expect(result.end == .finished, "\(number): \(result.error ?? "")")
      }
    }
  }

  @Test("a checkpoint is written once all have said that they hold the same, the last one too")
  func agreedBeforeWritten() async throws {
    var random = SplitMix64(seed: 53)
    let pipeline = Self.pipeline(buckets: 1 << 14)
    // Between two checkpoints, and after the last step.
    for step in [30, 59] as [Int64] {
      let flip = BitFlip(.embedding, rank: 1, step: step, random: &random)
      let results = try await Self.run(3, pipeline, flip)
      #expect(results.allSatisfy { $0.divergence?.damaged == [1] }, "\(flip): \(results.map(\.error))")
      let written = results[0].snapshots.map(\.state.step)
      #expect(written == (step == 30 ? [20] : [20, 40]), "\(written)")
    }
  }

  @Test("who is alone finds, before it saves, that a row has changed that no step has, and nothing of it is saved")
  func alone() async throws {
    var random = SplitMix64(seed: 59)
    let pipeline = Self.pipeline(buckets: 1 << 16)
    let expected = try await Self.run(1, pipeline)[0]
    #expect(expected.snapshots.map(\.state.step) == [20, 40, 60] && expected.end == .finished)
    for kind in [BitFlip.Kind.embedding, .rowMoment, .embedding] {
      let flip = BitFlip(kind, rank: 0, step: 20 + Int64(random.next() % 20), random: &random)
      let results = try await Self.run(1, pipeline, flip)
      let divergence = try #require(results[0].divergence, "\(flip): \(results[0].error ?? "")")
      #expect(divergence.damaged == [0] && divergence.step == 40 && "\(divergence)".contains("embedding rows"))
      #expect(results[0].snapshots.map(\.state.step) == [20])
      let again = try await Self.run(1, pipeline, from: try Self.next(results, pipeline))
      #expect(again[0].learner == expected.learner && again[0].memory == expected.memory)
    }
  }
}
