import Foundation
import Learning
import Pipelines
import Registry
import Testing
import Vocabulary
import Worker

@Suite("Forgotten records")
struct ForgottenRecordsTests {
  /// Many ways of learning, each with what could give a left out record away.
  static let cases:
    [(name: String, change: @Sendable (inout Pipeline) -> Void, stream: @Sendable (inout MemoryStream) -> Void)] = [
      ("plain", { _ in }, { _ in }),
      ("dealt in turn", { $0.training.recordsPerStep = 5 }, { _ in }),
      ("fewer than partitions", { $0.training.recordsPerStep = 2 }, { $0.shorter = [1: 17] }),
      ("refusals", { _ in }, { ($0.rejectEvery, $0.shorter, $0.hasMarks) = (5, [0: 31], true) }),
      (
        "momentum and a plateau",
        {
          $0.training.optimizer.kind = .adamw
          $0.training.optimizer.schedule.kind = .plateau
          $0.training.optimizer.schedule.patience = 3
          $0.training.optimizer.schedule.smoothing = 2
        }, { _ in }
      ),
      ("poison", { $0.schema.features[0].normalize = .none }, { $0.poisoned = [7, 22, 23] }),
      ("weights", { $0.schema.weight = "w" }, { $0.weight = { Float(1 + ($1 + Int64($0)) % 3) } }),
    ]

  private static func pipeline(_ change: (inout Pipeline) -> Void) -> Pipeline {
    smallPipeline {
      $0.training.ledger = true
      $0.training.reproducible = true
      $0.checkpoint.everySteps = 4
      change(&$0)
    }
  }

  /// Records and stretches, at random.
  static func drawn(_ random: inout SplitMix64, partitions: Int, records: Int) -> LeftOut {
    var stretches: [OffsetStretch] = []
    for _ in 0...(random.next() % 4) {
      let from = Int64(random.next() % UInt64(records))
      let length = random.next() % 3 == 0 ? 1 + Int64(random.next() % 9) : 1
      stretches.append(
        OffsetStretch(partition: Int32(random.next() % UInt64(partitions)), from: from, next: from + length))
    }
    return LeftOut(stretches)
  }

  @Test("the model is, bit for bit, that of an independent run of any number of workers on a topic that lacks them")
  func asIfNeverThere() async throws {
    let count = ProcessInfo.processInfo.environment["RETRAIN_FORGETS"].flatMap { Int($0) } ?? 60
    let seed = ProcessInfo.processInfo.environment["RETRAIN_SEED"].flatMap { UInt64($0) } ?? .random(in: 1...(1 << 40))
    print("forgotten records: RETRAIN_SEED=\(seed), RETRAIN_FORGETS=\(count)")
    var random = SplitMix64(seed: seed)
    var (isOther, worlds) = (0, [Int](repeating: 0, count: 5))
    for number in 0..<count {
      let (name, change, shape) = Self.cases[number % Self.cases.count]
      let pipeline = Self.pipeline(change)
      var stream = MemoryStream(partitionCount: 3, recordsPerPartition: 40)
      shape(&stream)
      let rule = Self.drawn(&random, partitions: 3, records: 40)
      let learned = try await runRanks(1 + number % 4, pipeline, stream: stream)[0]
      var lacking = stream
      lacking.lacks = rule
      // One in three is learned by several.
      let worldSize = number % 3 == 0 ? 1 + Int(random.next() % 4) : 1
      worlds[worldSize] += 1
      let independent = try await runRanks(worldSize, pipeline, stream: lacking)[0]
      #expect(independent.end == .finished)
      // From the newest checkpoint that none of them is behind.
      let start = learned.snapshots.last { snapshot in
        rule.all.allSatisfy { $0.from >= snapshot.state.progress[Int($0.partition)].nextOffset }
      }
      let decisions = StepReplayTests.record(learned).decisions
      let again = try await replay(pipeline, stream, from: start, decisions: decisions, leavingOut: rule)
      let place = "\(name), seed \(seed), number \(number), \(rule.all.map(\.description)), \(worldSize) workers"
      #expect(again.learner == independent.learner, "\(place)")
      #expect(again.state.progress == independent.state.progress, "\(place)")
      #expect(differences(again.state, independent.state) == [], "\(place)")
      #expect(again.agreement.same == again.agreement.steps, "\(place)")
      // The health of each window that both have whole.
      let healths = independent.snapshots.map(\.health).suffix(again.snapshots.count)
      if start == nil { #expect(again.snapshots.map(\.health) == Array(healths) || worldSize > 1, "\(place)") }
      if learned.learner != independent.learner { isOther += 1 }
    }
    print("forgotten records: \(count) sets, \(isOther) of which changed the model, workers \(worlds.dropFirst())")
    #expect(isOther > count * 8 / 10)
  }

  @Test("no step hangs on when a partition's end is told: the last records may be followed by what holds none")
  func toldLate() async throws {
    let pipeline = Self.pipeline { $0.training.recordsPerStep = 2 }
    var stream = MemoryStream(partitionCount: 3, recordsPerPartition: 40)
    (stream.shorter, stream.refuses) = ([1: 17], { $0 == 0 && $1 > 35 })
    let rule = LeftOut(
      (0..<3).map { OffsetStretch(partition: $0, from: stream.end(of: $0) - 1, next: stream.end(of: $0)) })
    var lacking = stream
    lacking.lacks = rule
    let independent = try await runRanks(2, pipeline, stream: lacking)[0]
    func ends(_ ledger: [LedgerEntry]) -> [[Int64]] {
      ledger.map { [$0.step, Int64($0.share.partition), $0.share.next] }
    }
    for tellsLate in [false, true] {
      let again = try await replay(pipeline, stream, leavingOut: rule, tellsLate: tellsLate)
      #expect(again.learner == independent.learner && again.state.step == independent.state.step)
      #expect(ends(again.recorded.ledger) == ends(StepReplayTests.record(independent).ledger))
    }
  }

  @Test("what the stream said by key is as if they had never said it")
  func memory() async throws {
    let pipeline = Self.pipeline { _ in }
    let stream = MemoryStream(partitionCount: 3, recordsPerPartition: 40)
    var lacking = stream
    lacking.lacks = LeftOut([
      OffsetStretch(partition: 1, from: 3, next: 9), OffsetStretch(partition: 2, from: 39, next: 40),
    ])
    let further: [any EncoderPlan] = KeyMemoryPlan.both
    let learned = try await runRanks(1, pipeline, stream: stream, further: further)[0]
    let independent = try await runRanks(3, pipeline, stream: lacking, further: further)[0]
    let again = try await replay(pipeline, stream, leavingOut: lacking.lacks, further: further)
    #expect(again.learner == independent.learner && again.memory == independent.memory && again.memory != nil)
    #expect(learned.memory != independent.memory)
  }

  @Test("classes are found in the order in which they are found without them")
  func classes() async throws {
    let pipeline = Self.pipeline {
      $0.model.task = .multiclass
      ($0.schema.label.findsClasses, $0.schema.label.classesMax) = (true, 5)
    }
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 40)
    stream.className = { partition, offset in "c\((offset * 3 + Int64(partition)) % 5)" }
    var lacking = stream
    lacking.lacks = LeftOut([
      OffsetStretch(partition: 0, from: 0, next: 2), OffsetStretch(partition: 1, from: 1, next: 2),
    ])
    let learned = try await runRanks(1, pipeline, stream: stream)[0]
    let independent = try await runRanks(2, pipeline, stream: lacking)[0]
    let again = try await replay(pipeline, stream, leavingOut: lacking.lacks)
    #expect(again.state.classes == independent.state.classes && again.learner == independent.learner)
    #expect(learned.state.classes != independent.state.classes && learned.state.classes.count == 5)
  }

  @Test("steps that a rule of health skips are chosen anew")
  func skippedSteps() async throws {
    let pipeline = Self.pipeline {
      $0.model.hidden = []
      $0.schema.features[0].normalize = .none
      var setting = HealthRuleSettings(rule: .explodingGradient)
      (setting.threshold, setting.action) = (3, .skipStep)
      $0.health.rules = [setting]
    }
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 80)
    (stream.poisoned, stream.poison) = ([40, 41, 42, 43, 60], -50)
    let learned = try await runRanks(1, pipeline, stream: stream)[0]
    let skipped = StepReplayTests.record(learned).decisions.filter(\.isSkipped)
    var lacking = stream
    lacking.lacks = LeftOut([OffsetStretch(partition: 0, from: 1, next: 3)])
    let independent = try await runRanks(2, pipeline, stream: lacking)[0]
    let again = try await replay(pipeline, stream, leavingOut: lacking.lacks)
    #expect(again.learner == independent.learner)
    #expect(
      again.recorded.decisions.filter(\.isSkipped) == StepReplayTests.record(independent).decisions.filter(\.isSkipped))
    #expect(!skipped.isEmpty)
  }

  @Test("where the stream goes on, whole steps alone are made, and the rest is left to whoever goes on")
  func goesOn() async throws {
    let pipeline = Self.pipeline { _ in }
    let stream = MemoryStream(partitionCount: 3, recordsPerPartition: 64)
    let rule = LeftOut([OffsetStretch(partition: 1, from: 10, next: 11)])
    let ends: [Int64] = [40, 40, 40]
    let again = try await replay(pipeline, stream, ends: ends, isDrained: false, leavingOut: rule)
    // Partition 1 has 39 records, 9 whole shares.
    #expect(again.state.step == 9 && again.state.progress.map(\.nextOffset) == [36, 37, 36])
    // Going on from there is going on as who never saw them.
    var lacking = stream
    lacking.lacks = rule
    let whole = try await runRanks(1, pipeline, stream: lacking)[0]
    let rest = try await runRanks(2, pipeline, stream: lacking, from: (again.state, again.learner))[0]
    #expect(rest.learner == whole.learner && rest.state.progress == whole.state.progress)
  }
}
