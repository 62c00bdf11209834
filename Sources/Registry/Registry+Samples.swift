public import Health
import Postgres
import Vocabulary

/// The sample of one window, and what it is of.
public struct WindowSample: Sendable {
  public let checkpoint: Int64
  public let step: Int64
  public let sample: RowSample
}

extension Registry {
  /// The samples of a checkpoint's window and of those before it, of the same run and lineage; the newest first.
  ///
  /// - Parameter after: Only those of later checkpoints than this one.
  public func samples(upTo checkpoint: Int64, after: Int64 = 0, limit: Int) async throws -> [WindowSample] {
    try await perform { session in
      try session.query(
        """
        SELECT c.id, c.step, s.sample FROM checkpoints o
        JOIN checkpoints c ON c.pipeline_id = o.pipeline_id AND c.run = o.run AND c.lineage = o.lineage AND c.id <= o.id
        JOIN row_samples s ON s.checkpoint_id = c.id
        WHERE o.id = $1 AND c.id > $3 ORDER BY c.id DESC LIMIT $2
        """, [.int(checkpoint), .integer(limit), .int(after)]
      ).map(WindowSample.init)
    }
  }

  /// Those of some checkpoints, the newest first.
  public func samples(of checkpoints: [Int64]) async throws -> [WindowSample] {
    try await perform { session in
      try session.query(
        """
        SELECT c.id, c.step, s.sample FROM row_samples s JOIN checkpoints c ON c.id = s.checkpoint_id
        WHERE c.id = ANY($1) ORDER BY c.id DESC
        """, [.ints(checkpoints)]
      ).map(WindowSample.init)
    }
  }

  /// The windows that have samples and led to a checkpoint, and those that came behind it in the lineage of another one, which lies
  /// before no other's end; in order.
  ///
  /// - Parameter next: The window that is looked at, itself left out.
  public func sampledWindows(upTo checkpoint: Int64, before next: Int64) async throws -> [BaselineWindows.Window] {
    try await perform { session in
      try session.query(
        """
        SELECT c.id, s.records FROM checkpoints a JOIN checkpoints o ON o.id = $2
        JOIN checkpoints c ON c.pipeline_id = a.pipeline_id AND (
          c.run = a.run AND c.lineage = a.lineage AND c.id <= a.id
          OR c.run = o.run AND c.lineage = o.lineage AND c.id > a.id AND c.id < o.id)
        JOIN row_samples s ON s.checkpoint_id = c.id WHERE a.id = $1 ORDER BY c.id
        """, [.int(checkpoint), .int(next)]
      ).map { BaselineWindows.Window(checkpoint: try $0.value("id"), records: try $0.value("records")) }
    }
  }
}

extension WindowSample {
  fileprivate init(_ row: PostgresRow) throws {
    let id: Int64 = try row.value("id")
    let sample = unsafe try row.withBytes("sample") { bytes in
      do { return unsafe try RowSample(decoding: bytes) } catch {
        throw RegistryError(.damaged, "the sample of checkpoint \(id) cannot be read: \(error)")
      }
    }
    self.init(checkpoint: id, step: try row.value("step"), sample: sample)
  }
}

extension PostgresSession {
  func insert(_ sample: RowSample, checkpoint: Int64) throws {
    try query(
      "INSERT INTO row_samples (checkpoint_id, records, sample) VALUES ($1, $2, $3)",
      [.int(checkpoint), .int(sample.seen), .bytes(sample.encoded())])
  }

  /// Drops samples that nobody will look at: kept are those of a run's newest windows, of the windows around a version that serves,
  /// may come to, or may come back, and of those around the beginning of a change of the stream that goes on, which tell what was
  /// before it.
  func pruneSamples(pipeline: Int64, run: RunID) throws {
    try query(
      """
      WITH marks (id) AS (
        SELECT v.checkpoint_id FROM versions v WHERE v.pipeline_id = $1
          AND (v.state IN ('candidate', 'validated', 'canary', 'stable') OR v.number IN (
            SELECT number FROM versions WHERE pipeline_id = $1 AND was_stable AND state = 'retired'
            ORDER BY since DESC LIMIT 2))
        UNION ALL
        SELECT (i.details->>'checkpoint')::bigint - 1 FROM incidents i
        WHERE i.pipeline_id = $1 AND i.kind = ANY($4) AND i.is_trouble AND i.closed_at IS NULL
          AND i.details->>'checkpoint' ~ '^[0-9]{1,18}$'
      )
      DELETE FROM row_samples WHERE checkpoint_id IN (
        SELECT c.id FROM row_samples s JOIN checkpoints c ON c.id = s.checkpoint_id
        WHERE c.pipeline_id = $1 AND c.run = $2
          AND c.id NOT IN (
            SELECT id FROM checkpoints WHERE pipeline_id = $1 AND run = $2 ORDER BY id DESC LIMIT $3)
          AND NOT EXISTS (
            SELECT FROM marks m WHERE (SELECT count(*) FROM (
              SELECT FROM checkpoints b
              WHERE b.pipeline_id = $1 AND b.run = $2 AND b.id > least(c.id, m.id) AND b.id <= greatest(c.id, m.id)
              LIMIT $3) b) < $3))
      """,
      [
        .int(pipeline), .integer(run.rawValue), .integer(BaselineWindows.windowsMax),
        .texts(DriftSpan.rules.map(\.rawValue)),
      ])
  }
}
