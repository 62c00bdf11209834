import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("States and ledgers that replays begin from")
struct AnchorTests {
  /// The checkpoints' ages, the first one's first, in minutes before the beginning of this hour.
  private static func age(_ fixture: RegistryFixture, _ ids: [Int64], _ minutes: [Int]) throws {
    let session = try fixture.database.session()
    for (id, minutes) in zip(ids, minutes) {
      try session.query(
        "UPDATE checkpoints SET created_at = date_trunc('hour', now()) - make_interval(mins => $2::int) WHERE id = $1",
        [.int(id), .integer(minutes)])
    }
  }

  @Test("the first state of each of the last hours and days is kept beside the newest, and no more")
  func anchors() async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await fixture.saveLineage(of: 7)
    // Two of three hours ago, two of two hours ago, one of an hour ago, and two of now.
    try Self.age(fixture, ids, [175, 170, 115, 110, 30, -1, -2])
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    #expect(try await registry.prune(pipeline: pipeline, keep: 1, hourly: 3, daily: 0) == 3)
    var kept = try await registry.windows(leadingTo: ids[6])
    // The three hours of now, of one and of two hours ago.
    #expect(kept.filter(\.hasState).map(\.checkpoint) == [ids[2], ids[4], ids[5], ids[6]])
    try Self.age(fixture, [ids[2], ids[4]], [60 * 24 * 3, 60 * 24 * 9])
    #expect(try await registry.prune(pipeline: pipeline, keep: 1, hourly: 0, daily: 5) == 1)
    kept = try await registry.windows(leadingTo: ids[6])
    #expect(
      kept.filter(\.hasState).map(\.checkpoint).contains(ids[2])
        && !kept.contains { $0.checkpoint == ids[4] && $0.hasState })
    await registry.close()
  }

  @Test("a ledger that is older than its days is dropped, and the audit says that it is not there")
  func ledger() async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await fixture.saveLineage(of: 4)
    try Self.age(fixture, ids, [60 * 24 * 8, 60 * 24 * 6, 0, 0])
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    #expect(try await registry.pruneLedger(pipeline: pipeline, days: 7) == 1)
    #expect(try await registry.pruneLedger(pipeline: pipeline, days: 7) == 0)
    #expect(try await registry.ledger(ofCheckpoint: ids[0]).isEmpty)
    #expect(try await registry.ledger(ofCheckpoint: ids[1]).count == 1)
    let extent = try await registry.ledgerExtent(ofCheckpoints: ids)
    #expect(extent.steps == 3 && extent.records == 30 && extent.largestStep == 10 && extent.streams == [0])
    let audit = try await registry.audit(pipeline: pipeline, ledger: true)
    #expect(audit.isClean && audit.ledger?.unrecordedSteps == 1, "\(audit.problems)")
    #expect(audit.notes.contains { $0.contains("keep_daily") }, "\(audit.notes)")
    await registry.close()
  }

  @Test(
    "what a checkpoint ends with is read again: whether its last step was short, and how many sick ones came before")
  func ends() async throws {
    let fixture = try await RegistryFixture.make()
    let generation = try await fixture.form("a").generation
    var draft = fixture.draft(generation, step: 3)
    (draft.endsShort, draft.sickInRow) = (true, 2)
    draft.decisions = [0.5, 1].enumerated().map { place, scale in
      StepDecision(
        step: Int64(place + 1), isApplied: true, records: 1, weight: 1, lossSum: 1, learningRate: 0.1 * scale,
        rateScale: scale, gradientNorm: 1, wasClipped: false)
    }
    let id = try await fixture.registry.saveCheckpoint(draft)
    let read = try #require(try await fixture.registry.checkpoint(id))
    #expect(read.endsShort == true && read.sickInRow == 2)
    #expect(try await fixture.registry.decisions(ofCheckpoint: id).map(\.rateScale) == [0.5, 1])
    #expect(try await fixture.registry.windows(leadingTo: id).map(\.endsShort) == [true])
    await fixture.registry.close()
  }

  @Test("what the tables have of records is told, and is gone once it was purged; what is in play stays")
  func traces() async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await fixture.saveLineage(of: 3)
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    // Offsets 110 to 119 are of the second.
    let records = LeftOut([OffsetStretch(partition: 0, from: 112, next: 113)])
    try await registry.addCandidate(pipeline: pipeline, checkpoint: ids[2])
    let incident = try await registry.openIncident(
      pipeline: pipeline,
      IncidentDraft(
        kind: "x", severity: .notice, positions: [RecordPosition(topic: "flights", partition: 0, offset: 112)],
        details: IncidentDraft.details(["reason": "9e9 at flights/0@112", "other": "9e9 at flights/0@113"])))
    func traces(_ purges: Bool) async throws -> RecordTraces {
      try await registry.traces(of: records, topic: "flights", streams: [0], pipeline: pipeline, purges: purges)
    }
    let told = try await traces(false)
    #expect(
      told.examples == 1 && told.incidents == [incident] && told.checkpoints.map(\.checkpoint) == [ids[1], ids[2]])
    #expect(told.versions.map(\.isInPlay) == [true])
    #expect(try await traces(true) == told)
    let rest = try await traces(false)
    #expect(rest.examples == 0 && rest.checkpoints.map(\.checkpoint) == [ids[2]] && rest.incidents == [incident])
    let facts = try #require(try await registry.incident(incident)).facts
    #expect(facts["reason"] == "(forgotten)" && facts["other"] == "9e9 at flights/0@113")
    #expect(try await registry.checkpoint(ids[0])?.hasState == true)
    await registry.close()
  }
}
