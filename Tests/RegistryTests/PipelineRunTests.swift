import Foundation
import Membership
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("A second run of a pipeline")
struct PipelineRunTests {
  /// Members of a run come to the rendezvous, and its generation forms.
  @discardableResult
  private func form(_ fixture: RegistryFixture, _ run: RunID, _ ids: String...) async throws -> GenerationRecord {
    for id in ids { try await fixture.registry.join(pipeline: fixture.pipeline, run: run, fixture.member(id)) }
    return try #require(
      try await fixture.registry.formGeneration(
        pipeline: fixture.pipeline, run: run, desired: ids.count, grace: .zero))
  }

  private func draft(
    _ fixture: RegistryFixture, _ head: RunHead, step: Int64, parent: Int64? = nil, from: Int64 = 0
  ) -> CheckpointDraft {
    var draft = fixture.draft(
      head.generation, step: step, parent: parent,
      progress: [
        PartitionProgress(
          partition: 0, startOffset: from, nextOffset: from + step, trained: step, stream: head.stream)
      ])
    draft.run = head.run
    draft.lineage = head.lineage
    draft.ledgerFrom = step + 1
    return draft
  }

  private func head(_ fixture: RegistryFixture, _ run: RunID) async throws -> RunHead {
    try #require(try await fixture.registry.runs(pipeline: fixture.pipeline).first { $0.run == run })
  }

  @Test("what there was is the live run; another has a name, a lineage and a reading of the topic that no other has")
  func heads() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    #expect(try await registry.runs(pipeline: pipeline).map(\.name) == ["live"])
    let replay = try await registry.beginRun(pipeline: pipeline, name: "replay", workFingerprint: "work")
    #expect(replay.run == RunID(rawValue: 1) && replay.lineage == 1 && replay.stream == 1)
    #expect(replay.generation == Generation(0) && replay.workFingerprint == "work")
    for taken in ["replay", "live"] {
      #expect(await code { _ = try await registry.beginRun(pipeline: pipeline, name: taken) } == .conflict)
    }
    // Whoever begins anew takes numbers that nobody had.
    #expect(try await registry.beginLineage(pipeline: pipeline) == 2)
    #expect(try await registry.beginLineage(pipeline: pipeline, run: replay.run) == 3)
    #expect(try await registry.beginStream(pipeline: pipeline, starts: [0: 7]) == 4)
    let heads = try await registry.runs(pipeline: pipeline)
    #expect(heads.map(\.lineage) == [2, 3] && heads.map(\.stream) == [4, 3])
    #expect(await code { _ = try await registry.beginRun(pipeline: 99, name: "x") } == .notFound)
    #expect(
      await code { _ = try await registry.beginLineage(pipeline: pipeline, run: RunID(rawValue: 9)) } == .notFound)
    await registry.close()
  }

  @Test("has members and generations of its own: what one run does fences no other")
  func generations() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let replay = try await registry.beginRun(pipeline: pipeline, name: "replay").run
    let live = try await form(fixture, .live, "a", "b")
    let other = try await form(fixture, replay, "c")
    #expect(live.generation == other.generation && live.secret != other.secret)
    #expect(live.members.map(\.id) == ["a", "b"] && other.members.map(\.id) == ["c"])
    #expect(try await registry.members(pipeline: pipeline).map(\.facts.id) == ["a", "b"])
    #expect(try await registry.members(pipeline: pipeline, run: replay).map(\.facts.id) == ["c"])
    #expect(try await registry.generation(pipeline: pipeline, containing: "c") == nil)
    #expect(try await registry.generation(pipeline: pipeline, run: replay, containing: "c")?.secret == other.secret)
    // The replay regroups twice; the live run's writer is not fenced, its own old one is.
    for _ in 0..<2 { try await form(fixture, replay, "c") }
    #expect(try await registry.currentPlan(pipeline: pipeline)?.generation == live.generation)
    try await registry.saveCheckpoint(draft(fixture, try await head(fixture, .live), step: 1))
    var late = draft(fixture, try await head(fixture, replay), step: 1)
    try await registry.saveCheckpoint(late)
    late = CheckpointDraft(
      pipeline: pipeline, generation: other.generation, parent: nil, late.checkpoint, state: [9], lineage: late.lineage,
      run: replay)
    #expect(await code { try await registry.saveCheckpoint(late) } == .fenced)
    await registry.close()
  }

  @Test("has checkpoints of its own, of the same steps and generations; each run goes on, prunes and ends for itself")
  func checkpoints() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let replay = try await registry.beginRun(pipeline: pipeline, name: "replay").run
    try await form(fixture, .live, "a")
    try await form(fixture, replay, "c")
    var ids: [RunID: [Int64]] = [:]
    for step in 1...3 as ClosedRange<Int64> {
      for run in [RunID.live, replay] {
        let draft = draft(
          fixture, try await head(fixture, run), step: step, parent: ids[run]?.last, from: run == .live ? 100 : 0)
        let id = try await registry.saveCheckpoint(draft)
        #expect(try await registry.saveCheckpoint(draft) == id, "the same one again is the same one")
        ids[run, default: []].append(id)
      }
    }
    let (mine, theirs) = (try #require(ids[.live]), try #require(ids[replay]))
    for (run, own) in [(RunID.live, mine), (replay, theirs)] {
      #expect(try await registry.newestCheckpoint(pipeline: pipeline, run: run)?.id == own.last)
      #expect(try await registry.checkpoints(pipeline: pipeline, run: run, limit: 9).map(\.id) == own.reversed())
      let audit = try await registry.audit(pipeline: pipeline, run: run, ledger: true)
      #expect(audit.problems == [] && audit.checkpoint == own.last && audit.consumed == 3, "\(audit.problems)")
    }
    #expect(try await registry.newestCheckpoint(pipeline: pipeline)?.run == .live)
    // The live run's states go; those of the replay, which are newer by number, stay, and the other way round.
    #expect(try await registry.prune(pipeline: pipeline, keep: 1) == 2)
    let states = try await registry.checkpoints(pipeline: pipeline, run: replay, limit: 9).map(\.hasState)
    #expect(states == [true, true, true])
    #expect(try await registry.markFinal(checkpoint: mine[2], generation: nil))
    #expect(try await registry.checkpoint(theirs[2])?.isFinal == false)
    // A lineage that begins anew takes nothing from the other run.
    try await registry.beginLineage(pipeline: pipeline, run: replay)
    #expect(try await registry.newestCheckpoint(pipeline: pipeline, run: replay) == nil)
    #expect(try await registry.newestCheckpoint(pipeline: pipeline)?.id == mine.last)
    // What a replay has learned becomes a version of the same pipeline.
    let version = try await registry.addCandidate(pipeline: pipeline, checkpoint: theirs[2])
    #expect(try await registry.audit(pipeline: pipeline, version: version).checkpoint == theirs[2])
    try await registry.deletePipeline(pipeline)
    #expect(try fixture.database.session().query("SELECT 1 FROM runs").count == 0)
    await registry.close()
  }
}
