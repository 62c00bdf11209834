import Cryptography
import Postgres
public import Vocabulary

extension Registry {
  /// The checkpoint to resume from: the newest of the run's lineage whose parameters are all finite and whose state is there.
  public func newestCheckpoint(pipeline: Int64, run: RunID = .live) async throws -> CheckpointRecord? {
    try await perform { session in
      try session.checkpoints(
        """
        WHERE pipeline_id = $1 AND run = $2 AND has_state AND non_finite_parameter IS NULL
          AND lineage = (SELECT lineage FROM run_heads WHERE pipeline_id = $1 AND run = $2)
        ORDER BY step DESC, id DESC LIMIT 1
        """, [.int(pipeline), .integer(run.rawValue)]
      ).first
    }
  }

  public func checkpoint(_ id: Int64) async throws -> CheckpointRecord? {
    try await perform { try $0.checkpoints("WHERE id = $1", [.int(id)]).first }
  }

  /// Of a run's checkpoints, healthy or not, those after one, the oldest first; of very many the newest. Those that only begin a
  /// lineage with another's state are none: nothing was learned in their window.
  ///
  /// - Parameter last: nil: the newest alone.
  public func checkpointNumbers(
    pipeline: Int64, run: RunID = .live, after last: Int64?, limit: Int
  ) async throws -> [Int64] {
    try await perform { session in
      try session.query(
        """
        SELECT id FROM checkpoints
        WHERE pipeline_id = $1 AND run = $2 AND id > coalesce($3, 0) AND copy_of IS NULL ORDER BY id DESC LIMIT $4
        """, [.int(pipeline), .integer(run.rawValue), .maybe(last), .integer(last == nil ? 1 : limit)]
      ).map { try $0.value("id") as Int64 }.reversed()
    }
  }

  /// The newest first.
  public func checkpoints(pipeline: Int64, run: RunID = .live, limit: Int) async throws -> [CheckpointRecord] {
    try await perform { session in
      try session.checkpoints(
        "WHERE pipeline_id = $1 AND run = $3 ORDER BY id DESC LIMIT $2",
        [.int(pipeline), .integer(limit), .integer(run.rawValue)])
    }
  }

  /// How long records were learned in the windows of the checkpoints after one; nil: none of them tells.
  public func secondsOfWork(pipeline: Int64, run: RunID = .live, after checkpoint: Int64) async throws -> Double? {
    try await perform { session in
      try session.query(
        """
        SELECT sum(seconds)::double precision AS seconds FROM checkpoints
        WHERE pipeline_id = $1 AND run = $3 AND id > $2
        """, [.int(pipeline), .int(checkpoint), .integer(run.rawValue)])[0].optional("seconds")
    }
  }

  /// A checkpoint's state, checked against its digest.
  ///
  /// - Throws: `notFound` when there is no such checkpoint or its state was pruned; `damaged` when the bytes are not those
  ///   that were saved.
  public func state(of checkpoint: Int64) async throws -> [UInt8] {
    try await bulkLink.perform(patience: patience) { session in
      let rows = try session.query(
        "SELECT state_bytes, state_sha256, has_state FROM checkpoints WHERE id = $1", [.int(checkpoint)])
      guard let row = rows.first else {
        throw RegistryError(.notFound, "there is no checkpoint with number \(checkpoint)")
      }
      guard try row.value("has_state") else {
        throw RegistryError(.notFound, "the state of checkpoint \(checkpoint) was pruned")
      }
      let size: Int = try row.value("state_bytes")
      var state: [UInt8] = []
      state.reserveCapacity(size)
      while state.count < size {
        let chunk = try session.query(
          "SELECT data FROM checkpoint_chunks WHERE checkpoint_id = $1 AND number = $2",
          [.int(checkpoint), .integer(state.count / Self.chunkBytes)])
        guard let chunk = chunk.first else {
          throw RegistryError(.damaged, "a part of the state of checkpoint \(checkpoint) is missing")
        }
        let room = size - state.count
        let expected = min(room, Self.chunkBytes)
        unsafe try chunk.withBytes("data") { bytes in
          guard bytes.count == expected else {
            throw RegistryError(.damaged, "a part of the state of checkpoint \(checkpoint) has another size")
          }
          unsafe state.append(contentsOf: bytes)
        }
      }
      guard try SHA256.digest(of: state) == row.value("state_sha256") else {
        throw RegistryError(.damaged, "the state of checkpoint \(checkpoint) is not what was saved")
      }
      return state
    }
  }

  /// Drops states and memories that nobody needs; the rows stay for the audit.
  ///
  /// Of one run: what another has is its own. Kept are those of the newest `keep` checkpoints that can be resumed from, of every version that is undecided or
  /// serves, or is to be confirmed next, and of the newest `keep` versions that were confirmed, two at least: a rollback, or a person,
  /// may return to them. And of each of the last `hourly` hours and `daily` days the first checkpoint's: replays begin there.
  ///
  /// - Returns: How many states were dropped.
  @discardableResult
  public func prune(
    pipeline: Int64, run: RunID = .live, keep: Int, hourly: Int = 0, daily: Int = 0
  ) async throws -> Int {
    try await bulkLink.transaction(patience: patience) { session in
      _ = try session.lock(run, of: pipeline)
      let dropped = try session.query(
        """
        UPDATE checkpoints SET has_state = false, memory = NULL WHERE pipeline_id = $1 AND run = $3 AND has_state
        AND id NOT IN (
          SELECT id FROM checkpoints
          WHERE pipeline_id = $1 AND run = $3 AND has_state AND non_finite_parameter IS NULL
          ORDER BY lineage DESC, step DESC LIMIT $2)
        AND id NOT IN (\(Self.neededStates))
        AND id NOT IN (
          SELECT checkpoint_id FROM versions WHERE pipeline_id = $1 AND confirmed AND NOT was_rolled_back
          ORDER BY since DESC LIMIT $2)
        AND id NOT IN (\(Self.firstOf("hour", hours: 1, "$4")) UNION ALL \(Self.firstOf("day", hours: 24, "$5")))
        RETURNING id
        """, [.int(pipeline), .integer(max(1, keep)), .integer(run.rawValue), .integer(hourly), .integer(daily)])
      let numbers = try dropped.map { try $0.value("id") as Int64 }
      try session.query("DELETE FROM checkpoint_chunks WHERE checkpoint_id = ANY($1)", [.ints(numbers)])
      if !numbers.isEmpty { try session.pruneSamples(pipeline: pipeline, run: run) }
      return numbers.count
    }
  }

  /// Checkpoints of the pipeline $1 that versions are of which serve, may come to, or are gone back to.
  static let neededStates = """
    SELECT checkpoint_id FROM versions
    WHERE pipeline_id = $1 AND state IN ('candidate', 'validated', 'canary', 'stable')
    UNION ALL (SELECT checkpoint_id FROM versions WHERE pipeline_id = $1 AND confirmed AND NOT was_rolled_back
      ORDER BY since DESC LIMIT 2)
    UNION ALL (SELECT checkpoint_id FROM versions WHERE \(confirmedNext))
    """

  /// The first checkpoints that are kept of each of the last so many hours or days.
  private static func firstOf(_ part: String, hours: Int, _ count: String) -> String {
    """
    SELECT first.id FROM (
      SELECT DISTINCT ON (date_trunc('\(part)', created_at)) id FROM checkpoints
      WHERE pipeline_id = $1 AND run = $3 AND has_state AND non_finite_parameter IS NULL
        AND created_at >= date_trunc('\(part)', now()) - make_interval(hours => (\(count)::int - 1) * \(hours))
        AND \(count)::int > 0
      ORDER BY date_trunc('\(part)', created_at), id) AS first
    """
  }

  /// Drops what steps of long ago learned: nobody makes them again. Of very many checkpoints the oldest first, so that it never takes long.
  ///
  /// - Returns: Of how many checkpoints.
  @discardableResult
  public func pruneLedger(pipeline: Int64, run: RunID = .live, days: Int) async throws -> Int {
    try await bulkLink.transaction(patience: patience) { session in
      let old = try session.query(
        """
        UPDATE checkpoints SET ledger_from = step + 1 WHERE id IN (
          SELECT id FROM checkpoints WHERE pipeline_id = $1 AND run = $2 AND ledger_from <= step
            AND created_at < now() - make_interval(days => $3::int)
          ORDER BY created_at LIMIT 200)
        RETURNING id
        """, [.int(pipeline), .integer(run.rawValue), .integer(days)])
      let numbers = PostgresValue.ints(try old.map { try $0.value("id") as Int64 })
      for table in ["ledger", "step_decisions"] {
        try session.query("DELETE FROM \(table) WHERE checkpoint_id = ANY($1)", [numbers])
      }
      return old.count
    }
  }
}

extension PostgresSession {
  /// The checkpoints of a condition, with their progress and rejections.
  func checkpoints(_ condition: String, _ parameters: [PostgresValue]) throws -> [CheckpointRecord] {
    var records = try query("SELECT \(CheckpointRecord.columns) FROM checkpoints \(condition)", parameters)
      .map(CheckpointRecord.init)
    guard !records.isEmpty else { return [] }
    let numbers = PostgresValue.ints(records.map(\.id))
    let places = Dictionary(uniqueKeysWithValues: records.enumerated().map { ($0.element.id, $0.offset) })
    let progress = try query(
      "SELECT * FROM checkpoint_progress WHERE checkpoint_id = ANY($1) ORDER BY partition", [numbers])
    for row in try progress.map({ ($0, try $0.value("checkpoint_id") as Int64) }) {
      guard let place = places[row.1] else { continue }
      records[place].checkpoint.progress.append(try PartitionProgress(row.0))
    }
    let rejected = try query("SELECT * FROM checkpoint_rejections WHERE checkpoint_id = ANY($1)", [numbers])
    for row in try rejected.map({ ($0, try $0.value("checkpoint_id") as Int64) }) {
      // A reason of a newer program has no name here; the sums by partition still hold it.
      guard let place = places[row.1], let reason = RejectReason(rawValue: try row.0.value("reason")) else { continue }
      records[place].checkpoint.rejected[reason] = try row.0.value("records")
    }
    return records
  }
}

extension PartitionProgress {
  init(_ row: PostgresRow) throws {
    try self.init(
      partition: row.value("partition"), startOffset: row.value("start_offset"), nextOffset: row.value("next_offset"),
      trained: row.value("trained"), rejected: row.value("rejected"), skipped: row.value("skipped"),
      lost: row.value("lost"), stream: row.value("stream"), earlier: row.value("earlier"))
  }
}
