import Confinement
import Evaluation
import Foundation
import Health
import Ingest
import Learning
import Pipelines
import Registry
import Tensors
import TestKit
import Testing
import Vocabulary
import Worker

/// What a replay was left with.
struct ReplayResult: Sendable {
  var state: TrainingState
  var learner: [UInt8]
  var memory: [UInt8]?
  var agreement: StepReplay.Agreement
  var snapshots: [Snapshot]
  var recorded: (ledger: [LedgerEntry], decisions: [StepDecision])
  var window: Snapshot?
}

/// A registry that fails while steps are made again.
struct UnreadableDecision: Error {}

/// Makes steps of a memory stream again, from a snapshot on or from the beginning.
///
/// - Parameter ledger: Of the steps to make as they were made; nil: they are dealt anew.
func replay(
  _ pipeline: Pipeline, _ stream: MemoryStream, from snapshot: Snapshot? = nil, ledger: [LedgerEntry]? = nil,
  upTo last: Int64 = .max, decisions: [StepDecision] = [], ends: [Int64]? = nil, isDrained: Bool = true,
  leavingOut rule: LeftOut = .nothing, further: [any EncoderPlan] = [], low: Int64 = 0, unreadable: Int64? = nil,
  tellsLate: Bool = false, until deadline: Deadline = .after(.seconds(60))
) async throws -> ReplayResult {
  try await onDedicatedThread(named: "replay") {
    prepareArithmeticThread()
    let origin: StepReplay.Origin
    if let snapshot {
      origin = StepReplay.Origin(
        pipeline: pipeline, partitionCount: stream.partitionCount, state: snapshot.resumed, learner: snapshot.learner,
        memory: snapshot.memory)
    } else {
      var start = StepReplay.Origin(
        beginning: pipeline,
        at: (0..<Int32(stream.partitionCount)).map { PartitionProgress(partition: $0, startOffset: 0) })
      if !further.isEmpty {
        start.learner = Learner(spec: LearnerSpec(pipeline), batchCapacity: 1, further: further).encodeState()
      }
      origin = start
    }
    let book = StepReplay.book(pipeline, classes: origin.state.classes)
    let replay = try StepReplay(origin, book: book, further: further)
    var snapshots: [Snapshot] = []
    replay.watch = { snapshots.append($0) }
    let known = Dictionary(uniqueKeysWithValues: decisions.map { ($0.step, $0) })
    replay.decided = { step in
      if step == unreadable { throw UnreadableDecision() }
      return known[step]
    }
    let course: StepReplay.Course =
      ledger.map { .recorded(MemoryLedger($0, after: origin.state.step, upTo: last)) } ?? .dealt(isDrained: isDrained)
    try replay.run(
      course, feed: MemoryFeed(stream, book: book, low: low, tellsLate: tellsLate),
      ends: ends ?? (0..<Int32(stream.partitionCount)).map { stream.end(of: $0) }, leavingOut: rule, until: deadline,
      stillness: .seconds(10))
    return ReplayResult(
      state: replay.state, learner: replay.learner.encodeState(), memory: replay.learner.encodeMemory(),
      agreement: replay.agreement, snapshots: snapshots, recorded: replay.recorded, window: replay.window)
  }
}

extension Snapshot {
  /// The state as whoever goes on from the checkpoint has it: with empty windows, and nothing that is not durable.
  var resumed: TrainingState {
    var state = state
    (state.ledger, state.window) = ([], .init(task: state.metrics.task))
    state.lossWatch.beginWindow()
    state.stableWatch.beginWindow()
    return state
  }
}

/// What two states differ in, of all that does not hang on which offset without a record was passed when, nor on when a checkpoint
/// was saved last.
func differences(_ one: TrainingState, _ other: TrainingState) -> [String] {
  func parts(_ state: TrainingState) -> [String: String] {
    var state = state
    (state.ledger, state.window) = ([], .init(task: state.metrics.task))
    state.lossWatch.beginWindow()
    state.stableWatch.beginWindow()
    state.fields.beginWindow()
    guard let text = try? JSONEncoder().encode(state),
      var parts = try? JSONSerialization.jsonObject(with: text) as? [String: Any]
    else { return ["": "no JSON"] }
    // What was decided is looked at by itself: of it a state has what is not durable yet.
    // How many records made numbers non-finite of late is forgiven to whoever goes on from a checkpoint.
    for part in ["decisions", "ledgerSince", "nonFinite"] { parts[part] = nil }
    return parts.mapValues { value in
      let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
      return String(decoding: data ?? Data(), as: UTF8.self)
    }
  }
  let (one, other) = (parts(one), parts(other))
  return Set(one.keys).union(other.keys).sorted().filter { one[$0] != other[$0] }.map { key in
    let (a, b) = (one[key] ?? "–", other[key] ?? "–")
    let same = zip(a, b).prefix { $0 == $1 }.count
    return "\(key): …\(a.dropFirst(max(0, same - 40)).prefix(100)) | …\(b.dropFirst(max(0, same - 40)).prefix(100))"
  }
}

@Suite("Steps made again")
struct StepReplayTests {
  /// What a run took and decided, whatever its checkpoints were.
  static func record(_ result: LoopResult) -> (ledger: [LedgerEntry], decisions: [StepDecision]) {
    let last = result.snapshots.last
    return (last?.ledger ?? [], last?.state.decisions ?? [])
  }

  private static func pipeline(_ change: (inout Pipeline) -> Void = { _ in }) -> Pipeline {
    smallPipeline {
      $0.training.ledger = true
      $0.checkpoint.everySteps = 20
      change(&$0)
    }
  }

  @Test(
    "every step comes to the same loss and gradient to the last bit, from the beginning and from a checkpoint",
    arguments: [false, true])
  func sameBits(isReproducible: Bool) async throws {
    var stream = MemoryStream(partitionCount: 3, recordsPerPartition: 250)
    stream.rejectEvery = 13
    stream.poisoned = [37, 101]
    stream.shorter = [1: 190]
    let pipeline = Self.pipeline {
      $0.training.reproducible = isReproducible
      $0.schema.features[0].normalize = .none
    }
    let first = try await runRanks(1, pipeline, stream: stream)[0]
    let (ledger, decisions) = Self.record(first)
    #expect(first.state.step > 50 && decisions.count == Int(first.state.step))
    for start in [nil, first.snapshots[0], first.snapshots[1]] {
      let again = try await replay(pipeline, stream, from: start, ledger: ledger, decisions: decisions)
      let steps = Int(first.state.step - (start?.state.step ?? 0))
      #expect(again.agreement.steps == steps && again.agreement.same == steps, "from \(start?.state.step ?? 0)")
      #expect(again.learner == first.learner && again.state.progress == first.state.progress)
      #expect(differences(again.state, first.state) == [])
      #expect(again.recorded.decisions == decisions.filter { $0.step > start?.state.step ?? 0 })
    }
    // As far as somebody wants.
    let part = try await replay(pipeline, stream, ledger: ledger, upTo: 20, decisions: decisions)
    #expect(part.state.step == 20 && part.learner == first.snapshots[0].learner)
  }

  @Test("in reproducible mode they may have been made by any number of workers", arguments: [2, 3, 4])
  func anyWorld(worldSize: Int) async throws {
    let stream = MemoryStream(partitionCount: 4, recordsPerPartition: 90)
    let pipeline = Self.pipeline { $0.training.reproducible = true }
    let first = try await runRanks(worldSize, pipeline, stream: stream)[0]
    let (ledger, decisions) = Self.record(first)
    let again = try await replay(pipeline, stream, ledger: ledger, decisions: decisions)
    #expect(again.agreement.same == Int(first.state.step) && again.learner == first.learner)
    let dealt = try await replay(pipeline, stream, decisions: decisions)
    #expect(dealt.agreement.same == Int(first.state.step) && dealt.learner == first.learner)
  }

  @Test("outside of it, steps of several workers come out the same but for rounding, and how near is told")
  func rounding() async throws {
    let stream = MemoryStream(partitionCount: 4, recordsPerPartition: 90)
    let first = try await runRanks(3, Self.pipeline(), stream: stream)[0]
    let (ledger, decisions) = Self.record(first)
    let again = try await replay(Self.pipeline(), stream, ledger: ledger, decisions: decisions)
    #expect(again.agreement.steps == Int(first.state.step))
    #expect(again.agreement.same < again.agreement.steps && again.agreement.deviation < 1e-3)
  }

  @Test("a record that is left out is left out of its step, which keeps its other records")
  func leftOut() async throws {
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 80)
    let pipeline = Self.pipeline()
    let first = try await runRanks(1, pipeline, stream: stream)[0]
    let (ledger, decisions) = Self.record(first)
    let rule = LeftOut([
      OffsetStretch(partition: 1, from: 9, next: 10), OffsetStretch(partition: 0, from: 40, next: 48),
    ])
    let again = try await replay(pipeline, stream, ledger: ledger, decisions: decisions, leavingOut: rule)
    #expect(again.state.step == first.state.step)
    // Step 3 has one record less, steps 11 and 12 the half.
    #expect(again.recorded.decisions.map(\.records) == (1...20).map { $0 == 3 ? 7 : $0 == 11 || $0 == 12 ? 4 : 8 })
    #expect(again.agreement.steps == 2 && again.agreement.same == 2)
    #expect(again.state.progress[1].skipped == 1 && again.state.progress[1].nextOffset == 80)
    #expect(again.learner != first.learner)
    // A topic without them, taken in the same steps.
    var without = stream
    without.lacks = rule
    let other = try await replay(pipeline, without, ledger: ledger)
    #expect(other.learner == again.learner)
    #expect(differences(other.state, again.state) == [])
  }

  @Test("what cannot be made again is said: a log that has lost records, a record that is another, no time")
  func failures() async throws {
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 40)
    let pipeline = Self.pipeline()
    let first = try await runRanks(1, pipeline, stream: stream)[0]
    let (ledger, decisions) = Self.record(first)
    await #expect(throws: StepReplay.Failure.self) { try await replay(pipeline, stream, ledger: ledger, low: 5) }
    var compacted = stream
    compacted.lacks = LeftOut([OffsetStretch(partition: 0, from: 11, next: 12)])
    let error = await #expect(throws: StepReplay.Failure.self) {
      try await replay(pipeline, compacted, ledger: ledger, decisions: decisions)
    }
    #expect(error?.description == "step 3 learned 8 records, and the log gives 7 of them")
    await #expect(throws: StepReplay.Failure.self) {
      try await replay(pipeline, stream, ledger: ledger, until: .after(.zero))
    }
    // Neither taken for a ledger that does not say, nor for the end of the stream.
    for step in [1, 3, 5] as [Int64] {
      await #expect(throws: UnreadableDecision.self) {
        try await replay(pipeline, stream, ledger: ledger, decisions: decisions, unreadable: step)
      }
    }
  }

  @Test("decisions are not there for a step that the ledger has none of, and an error where the registry is gone")
  func pages() async throws {
    let database = try TestDatabase.fresh()
    let registry = try await Registry.open(
      uri: database.uri, applicationName: "pages", deadline: .after(.seconds(20)))
    _ = try await registry.migrate()
    let window = LineageWindow(
      checkpoint: 1, parent: nil, lineage: 0, step: 8, hasState: true, contract: nil, endsShort: nil, isFinal: false,
      ledgerFrom: 1)
    let there = try await onDedicatedThread(named: "pages") {
      try DecisionPages(registry, windows: [window]).decision(of: 4)
    }
    #expect(there == nil)
    await registry.close()
    await #expect(throws: (any Error).self) {
      try await onDedicatedThread(named: "pages") { try DecisionPages(registry, windows: [window]).decision(of: 4) }
    }
  }
}
