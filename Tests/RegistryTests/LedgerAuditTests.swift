import Foundation
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

/// What `audit --ledger` says of lineages whose ledger is not whole, or is not what it should be.
@Suite("An audit of the ledger")
struct LedgerAuditTests {
  /// Saves one checkpoint a step, each of ten records of partition 0, with a ledger where `kept` says so; a step of the
  /// number of letters that `kept` has.
  ///
  /// - Parameter kept: "+" kept, "-" off, "?" off and written by an older program, "!" kept, by an older program.
  private func save(_ fixture: RegistryFixture, _ kept: String) async throws -> [Int64] {
    let generation = try await fixture.form("a").generation
    var ids: [Int64] = []
    for (index, mark) in kept.enumerated() {
      let (step, next) = (Int64(index + 1), Int64(index + 1) * 10)
      var draft = fixture.draft(
        generation, step: step, parent: ids.last,
        progress: [PartitionProgress(partition: 0, startOffset: 0, nextOffset: next, trained: next)])
      if "+!".contains(mark) {
        draft.ledger = [StepRange(step: step, partition: 0, from: next - 10, next: next, trained: 10, rejected: 0)]
      }
      draft.ledgerFrom = mark == "+" ? step : mark == "-" ? step + 1 : nil
      ids.append(try await fixture.registry.saveCheckpoint(draft))
    }
    return ids
  }

  private func audit(_ fixture: RegistryFixture) async throws -> AuditReport {
    try await fixture.registry.audit(pipeline: fixture.pipeline, ledger: true)
  }

  @Test(
    "tells which steps were recorded, and alarms nobody about the others",
    arguments: [
      ("++++", [1...4], 0), ("----", [], 4), ("????", [], 4), ("!!!!", [1...4], 0), ("--++", [3...4], 2),
      ("??!!", [3...4], 2), ("++--", [1...2], 2), ("+-+-", [1...1, 3...3], 2), ("-+-++-", [2...2, 4...5], 3),
    ] as [(String, [ClosedRange<Int64>], Int64)])
  func coverage(kept: String, covers: [ClosedRange<Int64>], unrecorded: Int64) async throws {
    let fixture = try await RegistryFixture.make()
    _ = try await save(fixture, kept)
    let report = try await audit(fixture)
    #expect(report.problems == [] && report.trained == Int64(kept.count) * 10)
    let ledger = try #require(report.ledger)
    #expect(ledger.covers.map { $0.from...$0.to } == covers && ledger.unrecordedSteps == unrecorded)
    #expect(ledger.agrees && ledger.gaps == 0 && ledger.overlaps == 0)
    #expect(report.notes.count == (unrecorded == 0 ? 0 : 1))
    if unrecorded > 0 { #expect(report.notes[0].contains("training.ledger was off"), "\(report.notes)") }
    // What was recorded is held against the sums all the same, wherever it is.
    if let last = covers.last {
      try fixture.database.session().query(
        "UPDATE ledger SET trained = trained - 1 WHERE step = $1", [.int(last.upperBound)])
      let damaged = try await audit(fixture)
      #expect(damaged.problems.count == 1 && damaged.ledger?.agrees == false)
      #expect(damaged.problems.first?.contains("(partition 0)") == true, "\(damaged.problems)")
    }
    await fixture.registry.close()
  }

  @Test("rows that vanished are not taken for a ledger that was off", arguments: [1, 2, 3] as [Int64])
  func vanished(step: Int64) async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await save(fixture, "+++")
    try fixture.database.session().query("DELETE FROM ledger WHERE step = $1", [.int(step)])
    let report = try await audit(fixture)
    #expect(
      report.problems == ["the ledger does not agree with the sums of checkpoint \(ids[Int(step) - 1]) (partition 0)"])
    await fixture.registry.close()
  }

  @Test("a ledger that begins in the middle of a window is held against the window's end")
  func midWindow() async throws {
    let fixture = try await RegistryFixture.make()
    let generation = try await fixture.form("a").generation
    var draft = fixture.draft(
      generation, step: 10, progress: [PartitionProgress(partition: 0, startOffset: 0, nextOffset: 100, trained: 100)])
    draft.ledger = (7...10).map {
      StepRange(step: $0, partition: 0, from: $0 * 10 - 10, next: $0 * 10, trained: 10, rejected: 0)
    }
    draft.ledgerFrom = 7
    try await fixture.registry.saveCheckpoint(draft)
    let report = try await audit(fixture)
    #expect(report.problems == [] && report.ledger?.unrecordedSteps == 6)
    #expect(report.ledger?.covers.map(\.from) == [7])
    for damage in ["next_offset = 99 WHERE step = 10", "from_offset = 75 WHERE step = 9", "step = 3 WHERE step = 7"] {
      let session = try fixture.database.session()
      try session.query("BEGIN")
      try session.query("UPDATE ledger SET \(damage)")
      try session.query("COMMIT")
      #expect(try await !audit(fixture).isClean, "\(damage)")
    }
    await fixture.registry.close()
  }

  @Test("a partition that was added, and states that were pruned, are no damage")
  func addedAndPruned() async throws {
    let fixture = try await RegistryFixture.make()
    let generation = try await fixture.form("a").generation
    var first = fixture.draft(
      generation, step: 1, progress: [PartitionProgress(partition: 0, startOffset: 0, nextOffset: 10, trained: 10)])
    first.ledger = [StepRange(step: 1, partition: 0, from: 0, next: 10, trained: 10, rejected: 0)]
    first.ledgerFrom = 1
    let parent = try await fixture.registry.saveCheckpoint(first)
    var second = fixture.draft(
      generation, step: 2, parent: parent,
      progress: [
        PartitionProgress(partition: 0, startOffset: 0, nextOffset: 10, trained: 10),
        PartitionProgress(partition: 1, startOffset: 5, nextOffset: 12, trained: 7),
      ])
    second.ledger = [StepRange(step: 2, partition: 1, from: 5, next: 12, trained: 7, rejected: 0)]
    second.ledgerFrom = 2
    try await fixture.registry.saveCheckpoint(second)
    #expect(try await fixture.registry.prune(pipeline: fixture.pipeline, keep: 1) == 1)
    let report = try await audit(fixture)
    #expect(report.problems == [] && report.consumed == 17 && report.links == 2)
    await fixture.registry.close()
  }

  @Test("a model that began anew has an audit of its own; until it has a checkpoint the one before is shown, and named")
  func anew() async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await save(fixture, "++")
    let version = try await fixture.registry.addCandidate(pipeline: fixture.pipeline, checkpoint: ids[1])
    let lineage = try await fixture.registry.beginLineage(pipeline: fixture.pipeline)
    let between = try await audit(fixture)
    #expect(between.isClean && between.checkpoint == ids[1])
    #expect(between.notes.first?.contains("this is lineage 0; the pipeline began anew since") == true)
    let generation = try await fixture.form("a").generation
    var draft = fixture.draft(
      generation, step: 1,
      progress: [PartitionProgress(partition: 0, startOffset: 3, nextOffset: 5, trained: 2, stream: lineage)])
    draft.lineage = lineage
    draft.ledgerFrom = 2
    let own = try await fixture.registry.saveCheckpoint(draft)
    let report = try await audit(fixture)
    #expect(report.isClean && report.checkpoint == own && report.consumed == 2 && report.ledger?.covers == [])
    let old = try await fixture.registry.audit(pipeline: fixture.pipeline, version: version, ledger: true)
    #expect(old.isClean && old.consumed == 20 && old.ledger?.unrecordedSteps == 0)
    await fixture.registry.close()
  }

  @Test("a partition that does not begin where that was decided is told, in every stream")
  func otherStart() async throws {
    let fixture = try await RegistryFixture.make()
    _ = try await fixture.registry.decideStreamStarts(pipeline: fixture.pipeline, stream: 0, [0: 0])
    _ = try await save(fixture, "++")
    #expect(try await audit(fixture).problems == [])
    try fixture.database.session().query("UPDATE stream_starts SET start_offset = 2")
    let report = try await audit(fixture)
    #expect(report.problems.count == 1 && report.problems[0].contains("begins at offset 0, not at 2"))
    await fixture.registry.close()
  }
}
