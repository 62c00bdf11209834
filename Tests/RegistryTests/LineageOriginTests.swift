import Evaluation
import Foundation
import Membership
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("A lineage that goes on from another")
struct LineageOriginTests {
  /// Checkpoints of the live run, each ten records on, in partition 0 from offset 100.
  private func fixture(_ count: Int = 4) async throws -> (RegistryFixture, [Int64]) {
    let fixture = try await RegistryFixture.make()
    _ = try await fixture.registry.decideStreamStarts(pipeline: fixture.pipeline, stream: 0, [0: 100])
    return (fixture, try await fixture.saveLineage(of: count))
  }

  private func restore(_ checkpoint: Int64?, _ place: LineageOrigin.Place = .own) -> LineageOrigin {
    LineageOrigin(.restore, checkpoint: checkpoint, place: place, actor: "maria", reason: "the rate was wrong")
  }

  /// The next checkpoint of a lineage, as workers of the run's next generation save it.
  @discardableResult
  private func learn(
    _ fixture: RegistryFixture, _ lineage: LineageRecord, from parent: Int64, to next: Int64,
    leavingOut skipped: Int64 = 0
  ) async throws -> Int64 {
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    for member in try await registry.members(pipeline: pipeline, run: lineage.run) {
      try await registry.leave(pipeline: pipeline, member: member.facts.id)
    }
    try await registry.join(
      pipeline: pipeline, run: lineage.run, lineage: lineage.number, fixture.member("b\(next)"))
    let generation = try #require(
      try await registry.formGeneration(pipeline: pipeline, run: lineage.run, desired: 1, grace: .zero))
    let known = try #require(try await registry.checkpoint(parent))
    var progress = known.progress
    let from = progress[0].nextOffset
    progress[0].trained += next - from - skipped
    progress[0].skipped += skipped
    progress[0].nextOffset = next
    var draft = fixture.draft(
      generation.generation, step: known.step + 1, parent: parent, progress: progress, rejected: known.rejected)
    draft.ledger = [
      StepRange(
        step: known.step + 1, partition: 0, from: from, next: next, trained: next - from - skipped, rejected: 0,
        stream: lineage.stream)
    ]
    (draft.ledgerFrom, draft.lineage, draft.run) = (known.step + 1, lineage.number, lineage.run)
    return try await registry.saveCheckpoint(draft)
  }

  @Test("begins with the origin's state at its own offsets; workers of the one before are fenced, and a halt is over")
  func own() async throws {
    let (fixture, ids) = try await fixture()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    try await registry.halt(pipeline: pipeline, reason: "it diverged")
    let record = try await registry.beginLineage(pipeline: pipeline, from: restore(ids[1]))
    #expect(record.number == 1 && record.origin == ids[1] && record.skips == [])
    let newest = try #require(try await registry.newestCheckpoint(pipeline: pipeline))
    #expect(newest.id == record.checkpoint && newest.copyOf == ids[1] && newest.parent == ids[1])
    #expect(
      newest.step == 2 && newest.lineage == 1 && newest.window.records == 0 && newest.progress[0].nextOffset == 120)
    #expect(try await registry.state(of: newest.id) == registry.state(of: ids[1]))
    #expect(try await registry.pipeline(pipeline)?.halted == nil)
    #expect(try await registry.openTroubles(pipeline: pipeline, kinds: ["halted"]) == [])
    // A worker of the old lineage saves nothing any more, and no generation takes it in.
    #expect(
      await code { try await registry.saveCheckpoint(fixture.draft(Generation(1), step: 9, parent: ids[3])) } == .fenced
    )
    try await registry.join(pipeline: pipeline, lineage: 0, fixture.member("old", heldStep: 9))
    #expect(try await registry.formGeneration(pipeline: pipeline, desired: 1, grace: .zero) == nil)
    let next = try await learn(fixture, record, from: newest.id, to: 150)
    let report = try await registry.audit(pipeline: pipeline, ledger: true)
    #expect(report.isClean && report.checkpoint == next, "\(report.problems)")
    #expect(report.consumed == 50 && report.skipped == 0 && report.trained == 48 && report.rejected == 2)
    #expect(report.notes.contains { $0.contains("restore by maria: the rate was wrong") }, "\(report.notes)")
    // What was abandoned is still what it was.
    let old = try await registry.audit(pipeline: pipeline, checkpoint: ids[3], ledger: true)
    #expect(old.isClean && old.consumed == 40)
    let told = try await registry.incidents(pipeline: pipeline, limit: 9).first { $0.kind == "lineage_begun" }
    #expect(told?.sentence.text().contains("goes on from checkpoint \(ids[1])") == true)
    #expect(try await registry.checkpointNumbers(pipeline: pipeline, after: ids[3], limit: 9) == [next])
    await registry.close()
  }

  @Test("at the present leaves out what lies between, which is skipped and never lost")
  func present() async throws {
    let (fixture, ids) = try await fixture()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let record = try await registry.beginLineage(pipeline: pipeline, from: restore(ids[0], .present))
    let id = try #require(record.checkpoint)
    let first = try #require(try await registry.checkpoint(id))
    #expect(first.progress[0].nextOffset == 140 && first.progress[0].skipped == 30)
    #expect(record.summary.contains("partition 0: 110…139"), "\(record.summary)")
    try await learn(fixture, record, from: first.id, to: 160)
    let report = try await registry.audit(pipeline: pipeline, ledger: true)
    #expect(report.isClean, "\(report.problems)")
    #expect(report.consumed == 30 && report.skipped == 30 && report.lost == 0 && report.duplicated == 0)
    // From there the present is before what a newer state has learned.
    let back = try await registry.beginLineage(pipeline: pipeline, from: restore(ids[0]))
    #expect(back.number == 2)
    #expect(
      await code { _ = try await registry.beginLineage(pipeline: pipeline, from: restore(ids[3], .present)) }
        == .refused)
    #expect(try await registry.pipeline(pipeline)?.lineage == 2, "what was refused changes nothing")
    await registry.close()
  }

  @Test(
    "leaves stretches out, and so does whoever goes on from it; those before it are forgotten, one at its place is passed"
  )
  func skips() async throws {
    let (fixture, ids) = try await fixture()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    var origin = restore(ids[1])
    origin.skips = [(100, 105), (118, 123), (121, 125), (130, 135), (200, 300)].map {
      OffsetStretch(partition: 0, from: $0.0, next: $0.1)
    }
    let record = try await registry.beginLineage(pipeline: pipeline, from: origin)
    #expect(record.skips.map(\.from) == [130, 200])
    let first = try #require(record.checkpoint)
    #expect(try await registry.checkpoint(first)?.progress[0].nextOffset == 125)
    let next = try await learn(fixture, record, from: first, to: 140, leavingOut: 5)
    let report = try await registry.audit(pipeline: pipeline, ledger: true)
    #expect(report.isClean && report.skipped == 10 && report.consumed == 30, "\(report.problems)")
    #expect(try await registry.lineage(1, pipeline: pipeline)?.skips == record.skips)
    let heir = try await registry.beginLineage(pipeline: pipeline, from: restore(next))
    #expect(heir.skips == [OffsetStretch(partition: 0, from: 200, next: 300)])
    let again = try await registry.recordedSteps(pipeline: pipeline, lineage: 1, steps: 1...3)
    #expect(again.leftOut.stretch(at: 131, of: 0) != nil && again.leftOut.stretch(at: 135, of: 0) == nil)
    await registry.close()
  }

  @Test("a rewind to before what another left out leaves that out again, whatever began between; a restore does not")
  func rewindTwice() async throws {
    let (fixture, ids) = try await fixture()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    func rewind(_ checkpoint: Int64, _ from: Int64, _ next: Int64) async throws -> LineageRecord {
      let skips = from < next ? [OffsetStretch(partition: 0, from: from, next: next)] : []
      let origin = LineageOrigin(.rewind, checkpoint: checkpoint, skips: skips, actor: "maria", reason: "it did harm")
      return try await registry.beginLineage(pipeline: pipeline, from: origin)
    }
    let first = try await rewind(ids[2], 135, 138)
    let learned = try await learn(fixture, first, from: try #require(first.checkpoint), to: 140, leavingOut: 3)
    // Its origin stands at the stretch: that one is passed, and known all the same.
    let second = try await rewind(learned, 140, 145)
    #expect(try await registry.checkpoint(try #require(second.checkpoint))?.progress[0].nextOffset == 145)
    let third = try await rewind(ids[0], 0, 0)
    #expect(third.skips.map(\.from) == [135, 140] && third.skips.map(\.next) == [138, 145])
    #expect(try await registry.beginLineage(pipeline: pipeline, from: restore(ids[0])).skips.isEmpty)
    await registry.close()
  }

  @Test("leaves out what was forgotten, whether it begins with nothing or goes on from before")
  func forgotten() async throws {
    let (fixture, ids) = try await fixture()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    #expect(try await registry.lineage(registry.beginLineage(pipeline: pipeline), pipeline: pipeline) == nil)
    let gone = OffsetStretch(partition: 0, from: 112, next: 113)
    // What a rewind left out before is nothing of it.
    let passed = OffsetStretch(partition: 0, from: 120, next: 125)
    var rewind = restore(ids[0])
    (rewind.kind, rewind.skips) = (.rewind, [passed])
    let line = try await registry.beginLineage(pipeline: pipeline, from: rewind)
    let forget = LineageOrigin(
      .forget, checkpoint: line.checkpoint, skips: [gone, passed], forgets: [gone], actor: "maria", reason: "asked to")
    #expect(try await registry.beginLineage(pipeline: pipeline, from: forget).skips == [gone, passed])
    #expect(try await registry.forgotten(pipeline: pipeline) == [gone])
    for _ in 0..<2 {
      let anew = try await registry.beginLineage(pipeline: pipeline)
      let record = try #require(try await registry.lineage(anew, pipeline: pipeline))
      #expect(record.skips == [gone] && record.kind == .anew && record.checkpoint == nil)
    }
    #expect(try await registry.beginLineage(pipeline: pipeline, from: restore(ids[0])).skips == [gone])
    #expect(try await registry.beginLineage(pipeline: pipeline, from: restore(ids[2])).skips == [], "it lies before")
    #expect(try await registry.beginLineage(pipeline: pipeline, from: restore(ids[0])).skips == [gone])
    // What a lineage leaves out anyway can be forgotten too, and then nobody learns it.
    try await registry.forget([passed], pipeline: pipeline)
    #expect(try await registry.forgotten(pipeline: pipeline) == [gone, passed])
    let anew = try await registry.beginLineage(pipeline: pipeline)
    #expect(try await registry.lineage(anew, pipeline: pipeline)?.skips == [gone, passed])
    // Of a topic that was made anew other records lie there.
    let other = try await registry.beginLineage(pipeline: pipeline, isSameTopic: false)
    #expect(try await registry.lineage(other, pipeline: pipeline) == nil)
    #expect(try await registry.forgotten(pipeline: pipeline) == [])
    await registry.close()
  }

  @Test("begins with a state that was made outside of any worker, whose records and steps are its own")
  func made() async throws {
    let (fixture, ids) = try await fixture()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    // Steps 2 to 4 again, without the record at 112.
    var draft = fixture.draft(
      Generation(1), step: 4, parent: nil, state: [7, 7],
      progress: [
        PartitionProgress(
          partition: 0, startOffset: 100, nextOffset: 140, trained: 35, rejected: 4, skipped: 1)
      ], rejected: [.labelAbsent: 4])
    draft.memory = [1]
    draft.ledger = (2...4).map { (step: Int64) in
      let next: Int64 = 100 + step * 10
      return StepRange(
        step: step, partition: 0, from: next - 10, next: next, trained: step == 2 ? 8 : 9, rejected: 1)
    }
    draft.ledgerFrom = 2
    var origin = restore(ids[0])
    origin.kind = .forget
    origin.skips = [OffsetStretch(partition: 0, from: 112, next: 113)]
    let record = try await registry.beginLineage(pipeline: pipeline, from: origin, first: draft)
    let first = try #require(try await registry.newestCheckpoint(pipeline: pipeline))
    #expect(first.id == record.checkpoint && first.copyOf == nil && first.parent == ids[0] && first.step == 4)
    #expect(try await registry.state(of: first.id) == [7, 7])
    #expect(try await registry.memory(of: first.id) == [1])
    try await learn(fixture, record, from: first.id, to: 150)
    let report = try await registry.audit(pipeline: pipeline, ledger: true)
    #expect(report.isClean, "\(report.problems)")
    #expect(report.consumed == 49 && report.skipped == 1 && report.ledger?.unrecordedSteps == 0)
    await registry.close()
  }

  @Test("is refused where nothing can go on from the origin, each time with the reason")
  func refusals() async throws {
    let (fixture, ids) = try await fixture()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let generation = Generation(1)
    var bad = fixture.draft(generation, step: 5, parent: ids[3])
    bad.nonFiniteParameter = "hidden_1"
    let broken = try await registry.saveCheckpoint(bad)
    let other = try await registry.register(
      pipeline: "other", specification: "name: other", desiredWorkers: 1, until: nil)
    try await registry.prune(pipeline: pipeline, keep: 1)
    for (id, owner, expected) in [
      (ids[0], pipeline, RegistryError.Code.refused), (broken, pipeline, .refused), (99, pipeline, .notFound),
      (ids[3], other.id, .notFound),
    ] {
      #expect(
        await code { _ = try await registry.beginLineage(pipeline: owner, from: restore(id)) } == expected, "\(id)")
    }
    #expect(try await registry.pipeline(pipeline)?.lineage == 0)
    #expect(try await registry.newestCheckpoint(pipeline: pipeline)?.id == ids[3])
    await registry.close()
  }

  @Test("reads what the one before read: the topic is known by the same records, and offsets mean the same")
  func topics() async throws {
    let (fixture, ids) = try await fixture()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let mark = StreamMark(partition: 0, offset: 130, time: 5, digest: 9)
    try await registry.setStreamMarks(pipeline: pipeline, stream: 0, [mark])
    let first = try await registry.beginLineage(pipeline: pipeline, from: restore(ids[1]))
    let second = try await registry.beginLineage(pipeline: pipeline, from: restore(ids[2]))
    #expect(try await registry.streamMarks(pipeline: pipeline, stream: second.stream) == [mark])
    #expect(
      try await registry.streams(sharingTopicWith: first.stream, pipeline: pipeline) == [
        0, first.stream, second.stream,
      ])
    // A topic made anew, and a model without a past, are of another until somebody knows better.
    let anew = try await registry.beginStream(pipeline: pipeline, starts: [0: 0])
    #expect(try await registry.streams(sharingTopicWith: anew, pipeline: pipeline) == [anew])
    var elsewhere = restore(ids[1])
    elsewhere.isSameTopic = false
    let there = try await registry.beginLineage(pipeline: pipeline, from: elsewhere)
    let now = try #require(try await registry.newestCheckpoint(pipeline: pipeline))
    let place = now.progress[0]
    #expect(place.nextOffset == 0 && place.startOffset == 0 && place.earlier == 20 && place.trained == 18)
    #expect(try await registry.streams(sharingTopicWith: there.stream, pipeline: pipeline) == [anew, there.stream])
    let report = try await registry.audit(pipeline: pipeline)
    #expect(report.isClean && report.consumed == 20, "\(report.problems)")
    await registry.close()
  }

  @Test("in a run beside begins where it is told, and leaves the live run alone")
  func beside() async throws {
    let (fixture, ids) = try await fixture()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let run = try await registry.beginRun(pipeline: pipeline, name: "replay").run
    let origin = LineageOrigin(.retrain, checkpoint: nil, place: .at([0: 120]), actor: "maria", reason: "")
    let record = try await registry.beginLineage(pipeline: pipeline, run: run, from: origin)
    #expect(record.checkpoint == nil && record.run == run)
    #expect(try await registry.streamStarts(pipeline: pipeline, stream: record.stream) == [0: 120])
    #expect(try await registry.streams(sharingTopicWith: record.stream, pipeline: pipeline) == [0, record.stream])
    #expect(try await registry.newestCheckpoint(pipeline: pipeline)?.id == ids[3])
    let heir = try await registry.beginLineage(pipeline: pipeline, run: run, from: restore(ids[1]))
    let last = try await learn(fixture, heir, from: #require(heir.checkpoint), to: 200)
    // The live run takes it over, at its own offsets.
    var over = restore(last)
    over.kind = .takeOver
    let taken = try await registry.beginLineage(pipeline: pipeline, from: over)
    try await learn(fixture, taken, from: #require(taken.checkpoint), to: 210)
    let report = try await registry.audit(pipeline: pipeline, ledger: true)
    #expect(report.isClean && report.consumed == 110, "\(report.problems)")
    await registry.close()
  }

  @Test("learns with what it was begun with, until the file says another")
  func overrides() async throws {
    let (fixture, ids) = try await fixture()
    var origin = restore(ids[0])
    origin.overrides = LearningOverrides(learningRate: .init(file: 100, instead: 0.05))
    let record = try await fixture.registry.beginLineage(pipeline: fixture.pipeline, from: origin)
    let known = try await fixture.registry.lineage(record.number, pipeline: fixture.pipeline)
    #expect(known == record && known?.overrides == origin.overrides)
    #expect(record.sentence.contains("the learning rate is 0.05 instead of 100"))
    #expect(record.overrides.learningRate?.inForce(100) == 0.05 && record.overrides.learningRate?.inForce(0.1) == 0.1)
    await fixture.registry.close()
  }
}
