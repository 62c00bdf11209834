import Foundation
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("The audit")
struct AuditTests {
  @Test("a sound lineage accounts for every record, and its ledger agrees")
  func sound() async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await fixture.saveLineage(of: 4)
    let report = try await fixture.registry.audit(pipeline: fixture.pipeline, ledger: true)
    #expect(report.problems == [])
    #expect(report.checkpoint == ids[3])
    #expect(report.consumed == 40 && report.trained == 36 && report.rejected == 4 && report.unlabelled == 4)
    #expect(report.lost == 0 && report.duplicated == 0 && report.links == 4)
    #expect(report.rejectedByReason == ["label_absent": 4])
    #expect(report.partitions.first?.startOffset == 100 && report.partitions.first?.nextOffset == 140)
    #expect(report.ledger?.steps == 4 && report.ledger?.gaps == 0 && report.ledger?.overlaps == 0)
    #expect(report.ledger?.agrees == true)
    let version = try await fixture.registry.addCandidate(pipeline: fixture.pipeline, checkpoint: ids[1])
    let earlier = try await fixture.registry.audit(pipeline: fixture.pipeline, version: version, ledger: true)
    #expect(earlier.consumed == 20 && earlier.isClean && earlier.links == 2)
    #expect(await code { _ = try await fixture.registry.audit(pipeline: fixture.pipeline, version: 9) } == .notFound)
    await fixture.registry.close()
  }

  @Test("what the broker removed and a topic made anew are told, and are no damage")
  func lostAndAnew() async throws {
    let fixture = try await RegistryFixture.make()
    let generation = try await fixture.form("a").generation
    var part = PartitionProgress(partition: 0, startOffset: 10, nextOffset: 50, trained: 40)
    var first = fixture.draft(generation, step: 1, progress: [part])
    first.ledger = [StepRange(step: 1, partition: 0, from: 10, next: 50, trained: 40, rejected: 0)]
    let parent = try await fixture.registry.saveCheckpoint(first)
    part.nextOffset = 100
    part.lost = 30
    part.trained = 60
    var second = fixture.draft(generation, step: 2, parent: parent, progress: [part])
    second.ledger = [StepRange(step: 2, partition: 0, from: 50, next: 100, trained: 20, rejected: 0)]
    let middle = try await fixture.registry.saveCheckpoint(second)
    part.enter(stream: 1, at: 3)
    part.nextOffset = 7
    part.trained = 64
    var third = fixture.draft(generation, step: 3, parent: middle, progress: [part])
    third.ledger = [StepRange(step: 3, partition: 0, from: 3, next: 7, trained: 4, rejected: 0, stream: 1)]
    let end = try await fixture.registry.saveCheckpoint(third)
    let report = try await fixture.registry.audit(pipeline: fixture.pipeline, ledger: true)
    #expect(report.problems == [])
    #expect(report.consumed == 64 && report.trained == 64 && report.lost == 0 && report.lostByBroker == 30)
    #expect(report.notes.count == 1 && report.notes[0].contains("checkpoint \(end)"))
    #expect(report.partitions.first?.stream == 1 && report.partitions.first?.startOffset == 3)
    #expect(report.ledger?.gaps == 0 && report.ledger?.overlaps == 0 && report.ledger?.agrees == true)
    #expect(try await fixture.registry.checkpoint(end)?.progress == [part])
    // A record that vanished in the new stream is one.
    try fixture.database.session().query(
      "UPDATE checkpoint_progress SET trained = 63 WHERE checkpoint_id = $1", [.int(end)])
    #expect(try await fixture.registry.audit(pipeline: fixture.pipeline).lost == 1)
    await fixture.registry.close()
  }

  @Test("a pipeline without a checkpoint has consumed nothing")
  func empty() async throws {
    let fixture = try await RegistryFixture.make()
    let report = try await fixture.registry.audit(pipeline: fixture.pipeline, ledger: true)
    #expect(report.consumed == 0 && report.links == 0 && report.isClean && report.checkpoint == nil)
    await fixture.registry.close()
  }

  @Test("a gap in one link and an overlap in the next do not make up for each other")
  func tamperedLinks() async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await fixture.saveLineage(of: 4)
    // The second checkpoint claims to have read three records further than it counted.
    try fixture.database.session().query(
      "UPDATE checkpoint_progress SET next_offset = next_offset + 3 WHERE checkpoint_id = $1", [.int(ids[1])])
    let report = try await fixture.registry.audit(pipeline: fixture.pipeline)
    #expect(report.lost == 3 && report.duplicated == 3)
    #expect(report.problems.count == 2)
    #expect(report.problems[0].contains("checkpoint \(ids[1])") && report.problems[1].contains("checkpoint \(ids[2])"))
    await fixture.registry.close()
  }

  @Test("the ledger shows a gap and an overlap that the sums hide")
  func tamperedLedger() async throws {
    let fixture = try await RegistryFixture.make()
    _ = try await fixture.saveLineage(of: 4)
    let session = try fixture.database.session()
    try session.query("UPDATE ledger SET from_offset = from_offset + 2 WHERE step = 2")
    try session.query("UPDATE ledger SET from_offset = from_offset - 1 WHERE step = 3")
    let report = try await fixture.registry.audit(pipeline: fixture.pipeline, ledger: true)
    #expect(report.lost == 0 && report.duplicated == 0)
    #expect(report.ledger?.gaps == 1 && report.ledger?.lost == 2)
    #expect(report.ledger?.overlaps == 1 && report.ledger?.duplicated == 1)
    #expect(!report.isClean)
    try session.query("DELETE FROM ledger WHERE step = 4")
    let shorter = try await fixture.registry.audit(pipeline: fixture.pipeline, ledger: true)
    #expect(shorter.ledger?.agrees == false)
    await fixture.registry.close()
  }

  @Test("a partition that vanishes, a start that moves and reasons that do not add up are told")
  func otherDamage() async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await fixture.saveLineage(of: 3)
    let session = try fixture.database.session()
    try session.query("UPDATE checkpoint_progress SET start_offset = 90 WHERE checkpoint_id = $1", [.int(ids[1])])
    try session.query("UPDATE checkpoint_rejections SET records = 99 WHERE checkpoint_id = $1", [.int(ids[2])])
    #expect(try await fixture.registry.audit(pipeline: fixture.pipeline).problems.count == 3)
    try session.query("DELETE FROM checkpoint_progress WHERE checkpoint_id = $1", [.int(ids[2])])
    let report = try await fixture.registry.audit(pipeline: fixture.pipeline)
    #expect(report.problems.contains { $0.contains("is not there any more") })
    await fixture.registry.close()
  }
}
