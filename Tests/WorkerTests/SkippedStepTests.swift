import Pipelines
import Registry
import Testing
import Vocabulary
import Worker

@Suite("Steps that a health rule skips")
struct SkippedStepTests {
  private static func pipeline(_ rule: HealthRule, _ threshold: Double?, isOn: Bool = true) -> Pipeline {
    smallPipeline {
      $0.training.reproducible = true
      $0.training.ledger = true
      $0.model.hidden = []
      $0.schema.features[0].normalize = .none
      guard isOn else { return }
      var setting = HealthRuleSettings(rule: rule)
      (setting.threshold, setting.action) = (threshold, .skipStep)
      $0.health.rules = [setting]
    }
  }

  /// A value far outside, though not so far that it counts as absent, late enough for a usual loss to be known.
  private static var stream: MemoryStream {
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 400)
    stream.poisoned = [320, 321, 322, 323]
    stream.poison = -50
    return stream
  }

  @Test(
    "by its loss or its gradient: nothing of it is learned, its records are rejected with a letter each, on any number of workers",
    arguments: [(.lossSpike, nil), (.explodingGradient, 3)] as [(HealthRule, Double?)])
  func skips(rule: HealthRule, threshold: Double?) async throws {
    let pipeline = Self.pipeline(rule, threshold)
    let alone = try await runRanks(1, pipeline, stream: Self.stream)[0]
    #expect(alone.end == .finished && alone.error == nil)
    let skipped = alone.state.rejected[RejectReason.skippedStep.index]
    #expect(skipped == 8, "a step of two partitions")
    #expect(alone.state.trained + alone.state.rejectedTotal == 800)
    let letters = alone.quarantined.filter { $0.position.offset >= 0 }
    #expect(
      letters.count == 8 && letters.allSatisfy { $0.reason == .skippedStep && (320..<324).contains($0.position.offset) }
    )
    #expect(alone.quarantined.count { $0.position.offset < 0 && $0.reason == .skippedStep } == 1, "one incident")
    let decisions = try #require(alone.snapshots.first { $0.state.decisions.contains { !$0.isApplied } }).state
      .decisions
    #expect(decisions.filter { !$0.isApplied }.map(\.step) == [81])
    for worldSize in [2, 3] {
      let ranks = try await runRanks(worldSize, pipeline, stream: Self.stream)
      #expect(ranks.allSatisfy { $0.learner == alone.learner && $0.state.rejected == alone.state.rejected })
      let all = ranks.flatMap(\.quarantined).map(\.position)
      #expect(Set(all) == Set(alone.quarantined.map(\.position)) && all.count == 9)
    }
    // Without the rule the record is learned: the test sees the difference.
    let open = try await runRanks(1, Self.pipeline(rule, threshold, isOn: false), stream: Self.stream)[0]
    #expect(open.state.rejectedTotal == 0 && open.learner != alone.learner)
  }

  @Test(
    "what stays sick is what the stream has become, and is learned after three steps",
    arguments: [(.lossSpike, nil), (.explodingGradient, 3)] as [(HealthRule, Double?)])
  func staysSick(rule: HealthRule, threshold: Double?) async throws {
    var stream = Self.stream
    stream.poisoned = Set(320..<400)
    // Every step has one that is far off, whatever the label.
    let result = try await runRanks(1, Self.pipeline(rule, threshold), stream: stream)[0]
    let skipped = result.state.rejected[RejectReason.skippedStep.index]
    #expect(skipped >= 24 && result.state.trained + result.state.rejectedTotal == 800, "\(skipped)")
    #expect(skipped <= 72, "\(skipped) of 160")
  }

  @Test("a lower rate that the leader is told is every rank's, from the same step on, and stands in the ledger")
  func lowerRate() async throws {
    let pipeline = smallPipeline {
      $0.training.reproducible = true
      $0.training.ledger = true
    }
    let stream = MemoryStream(partitionCount: 4, recordsPerPartition: 60)
    let results = try await runRanks(
      2, pipeline, stream: stream,
      beforeExchange: { exchange, board in board.wish { $0.rateScale = exchange >= 5 && exchange < 9 ? 0.25 : 1 } })
    let rates = try #require(results[0].snapshots.last).state.decisions.map(\.learningRate)
    let usual = try #require(rates.first)
    #expect(Set(rates.map { ($0 / usual * 100).rounded() / 100 }) == [1, 0.25])
    #expect(rates.last == usual && results[0].learner == results[1].learner)
  }
}
