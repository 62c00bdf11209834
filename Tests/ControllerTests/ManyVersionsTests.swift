import Controller
import Foundation
import Postgres
import Registry
import Rollouts
import Telemetry
import TestKit
import Testing
import Vocabulary

@Suite("Many versions")
struct ManyVersionsTests {
  /// So many that are over, with their checkpoints and servers' counts, then one that serves and one before it.
  private func rig(_ count: Int) async throws -> ControllerRig {
    let rig = try await ControllerRig.make()
    let first = try await rig.save(step: 1, probability: 0.8)
    try rig.change(
      """
      INSERT INTO checkpoints OVERRIDING SYSTEM VALUE
      SELECT r.* FROM checkpoints c, generate_series(1, \(count)) n, LATERAL jsonb_populate_record(
        c, jsonb_build_object('id', \(first) + n, 'step', 1 + n, 'has_state', false)) r
      WHERE c.id = \(first)
      """)
    try rig.change("SELECT setval(pg_get_serial_sequence('checkpoints', 'id'), \(first) + \(count))")
    try rig.change(
      """
      INSERT INTO versions (pipeline_id, number, checkpoint_id, state, was_stable, confirmed, was_rolled_back)
      SELECT \(rig.pipelineID), n, \(first) + n, (ARRAY['retired', 'rejected', 'rolled_back'])[1 + n % 3], n % 3 <> 1,
        n % 3 <> 1, n % 3 = 2
      FROM generate_series(1, \(count)) n
      """)
    try rig.change(
      """
      INSERT INTO server_outputs (pipeline_id, server_id, version, requests, non_finite)
      SELECT \(rig.pipelineID), 's', n, n, 0 FROM generate_series(1, \(count)) n
      """)
    for table in ["checkpoints", "versions", "server_outputs"] { try rig.change("VACUUM ANALYZE \(table)") }
    for step in [Int64(count + 2), Int64(count + 3)] {
      try await rig.save(
        step: step, probability: 0.85, difference: -0.1, comparedWith: Int64(count), of: step - 1)
      try await rig.judge()
    }
    return rig
  }

  /// The quickest of some looks.
  private func look(_ rig: ControllerRig) async throws -> Double {
    var least = Double.infinity
    for _ in 0..<7 {
      let metrics = MetricsRegistry()
      let service = rig.controller(metrics: metrics)
      service.requestStop()
      try await service.run()
      let line = metrics.prometheusText().split(separator: "\n")
        .first { $0.hasPrefix("retrain_controller_pass_duration_seconds_sum") }
      least = min(least, try #require(line?.split(separator: " ").last.flatMap { Double($0) }))
    }
    return least
  }

  /// Rows of these tables that were read so far. A connection that is closed has told of all that it did.
  private func rowsRead(_ rig: ControllerRig) throws -> Int64 {
    try rig.database.session().query(
      """
      SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint AS n FROM pg_stat_user_tables
      WHERE relname IN ('checkpoints', 'versions', 'server_outputs')
      """)[0].value("n")
  }

  @Test("take a look no longer than few do, and no more rows are read for it", .timeLimit(.minutes(5)))
  func looks() async throws {
    let (few, many) = (try await rig(10), try await rig(100_000))
    let before = (try rowsRead(few), try rowsRead(many))
    let (quick, slow) = (try await look(few), try await look(many))
    let rows = (try rowsRead(few) - before.0, try rowsRead(many) - before.1)
    print("a look at 10 versions: \(quick * 1000) ms, \(rows.0) rows; at 100,000: \(slow * 1000) ms, \(rows.1) rows")
    #expect(slow < 2 * quick + 0.005)
    #expect(rows.1 < 5000, "seven looks read \(rows.1) rows")
    await few.registry.close()
    await many.registry.close()
  }
}
