import Foundation
import Postgres
import Registry
import Rollouts
import TestKit
import Testing
import Vocabulary

@Suite("The versions that servers hold ready")
struct ServingVersionTests {
  private func decision(_ version: Int64, _ from: VersionState, _ to: VersionState) -> RolloutDecision {
    RolloutDecision(
      version: version, from: from, to: to, rule: .beatsPrior, window: "100 records", reason: "Because.",
      actor: .controller)
  }

  @Test("stable, canary with its share, and those that were stable last, without what was rolled back")
  func inPlay() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let checkpoints = try await fixture.saveLineage(of: 7)
    for id in checkpoints { try await registry.addCandidate(pipeline: pipeline, checkpoint: id) }
    func apply(_ decisions: RolloutDecision..., share: Double? = nil) async throws {
      let decisions = decisions.map { one in
        RolloutDecision(
          version: one.version, from: one.from, to: one.to, rule: .beatsPrior, window: one.window, reason: one.reason,
          actor: .controller, share: one.to == .canary ? share : nil)
      }
      try await registry.apply(decisions, evidence: "{}", pipeline: pipeline, lease: nil)
    }
    func inPlay() async throws -> ServingVersions {
      try await registry.servingVersions(pipeline: pipeline, warmMax: 3)
    }
    #expect(try await inPlay() == ServingVersions())
    for number in Int64(1)...6 {
      try await apply(decision(number, .candidate, .validated))
      if number > 1 { try await apply(decision(number - 1, .stable, .retired)) }
      try await apply(decision(number, .validated, .stable))
    }
    try await apply(decision(7, .candidate, .validated))
    try await apply(decision(7, .validated, .canary), share: 0.25)
    var found = try await inPlay()
    #expect(found.stable?.number == 6 && found.stable?.checkpoint == checkpoints[5])
    #expect(found.canary?.number == 7 && found.canaryShare == 0.25)
    #expect(found.warm.map(\.number) == [5, 4, 3])
    #expect(found.all.map(\.number) == [6, 7, 5, 4, 3])
    try await apply(decision(7, .canary, .rolledBack))
    try await apply(decision(6, .stable, .rolledBack), decision(5, .retired, .stable))
    found = try await inPlay()
    #expect(found.stable?.number == 5 && found.canary == nil && found.canaryShare == 0)
    #expect(found.warm.map(\.number) == [4, 3, 2])
    #expect(try await registry.servingVersions(pipeline: pipeline, warmMax: 1).warm.map(\.number) == [4])
    await registry.close()
  }

  @Test("of 100,000 versions only those that are wanted are read")
  func flat() async throws {
    let fixture = try await RegistryFixture.make()
    let pipeline = fixture.pipeline
    let session = try fixture.database.session()
    // Checkpoints are not what this is about: nothing is held against them.
    try session.query("SET session_replication_role = replica")
    try session.query("ALTER TABLE versions SET (autovacuum_enabled = false)")
    try session.query(
      """
      INSERT INTO versions (pipeline_id, number, checkpoint_id, state, was_stable, since, share)
      SELECT $1, n, n, CASE WHEN n = 100000 THEN 'stable' WHEN n = 99999 THEN 'canary'
        WHEN n % 3 = 0 AND n < 50000 THEN 'retired' WHEN n % 3 = 1 THEN 'rejected' ELSE 'rolled_back' END,
        n % 3 = 0 AND n < 50000, timestamptz '2026-01-01' + make_interval(secs => n), 0
      FROM generate_series(1, 100000) AS n
      """, [.int(pipeline)])
    try session.query("ANALYZE versions")

    /// Rows of the table that were read so far, over indices or without.
    func rowsRead() throws -> Int64 {
      try session.query(
        """
        SELECT (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint AS n
        FROM pg_stat_user_tables WHERE relname = 'versions'
        """)[0].value("n")
    }
    try session.query("SELECT pg_stat_force_next_flush()")
    let before = try rowsRead()
    let looks: Int64 = 50
    let registry = try await fixture.anotherRegistry()
    for _ in 0..<looks {
      let found = try await registry.servingVersions(pipeline: pipeline, warmMax: 3)
      #expect(found.all.map(\.number) == [100_000, 99_999, 49_998, 49_995, 49_992])
    }
    // What a session has read is told when it ends.
    await registry.close()
    let deadline = Deadline.after(.seconds(20))
    while try rowsRead() == before, !deadline.hasPassed { await Task.yield() }
    let read = try rowsRead() - before
    #expect(read > 0 && read <= looks * 10, "\(read) rows for \(looks) looks")
    await fixture.registry.close()
  }

  @Test("what a rollback leads to is kept ready first, whatever served on watch since")
  func target() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let checkpoints = try await fixture.saveLineage(of: 6)
    for id in checkpoints { try await registry.addCandidate(pipeline: pipeline, checkpoint: id) }
    for number in Int64(1)...6 {
      // The first is confirmed as it comes, the others serve on watch.
      let rule: RolloutRule = number == 1 ? .beatsPrior : .trend
      var decisions = [("candidate", number), ("validated", number)].map { from, number in
        RolloutDecision(
          version: number, from: from == "candidate" ? .candidate : .validated,
          to: from == "candidate" ? .validated : .stable, rule: rule, window: "w", reason: "r", actor: .controller)
      }
      if number > 1 { decisions.insert(decision(number - 1, .stable, .retired), at: 1) }
      try await registry.apply(decisions, evidence: "{}", pipeline: pipeline, lease: nil)
    }
    let found = try await registry.servingVersions(pipeline: pipeline, warmMax: 3)
    #expect(found.stable?.number == 6 && found.warm.map(\.number) == [1, 5, 4])
    let inPlay = try await registry.versionsInPlay(pipeline: pipeline)
    #expect(inPlay.map(\.number) == [6, 2, 1], "the oldest on watch is confirmed next")
    #expect(inPlay.map(\.isOnWatch) == [true, false, false])
    await registry.close()
  }
}
