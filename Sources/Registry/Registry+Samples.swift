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
      ).map { row in
        let id: Int64 = try row.value("id")
        let sample = unsafe try row.withBytes("sample") { bytes in
          do { return unsafe try RowSample(decoding: bytes) } catch {
            throw RegistryError(.damaged, "the sample of checkpoint \(id) cannot be read: \(error)")
          }
        }
        return WindowSample(checkpoint: id, step: try row.value("step"), sample: sample)
      }
    }
  }
}

extension PostgresSession {
  func insert(_ sample: RowSample, checkpoint: Int64) throws {
    try query(
      "INSERT INTO row_samples (checkpoint_id, records, sample) VALUES ($1, $2, $3)",
      [.int(checkpoint), .int(sample.seen), .bytes(sample.encoded())])
  }

  /// Drops samples that nobody will look at: kept are those of a run's newest windows, and of the windows that led to a version
  /// that serves, may come to, or may come back.
  func pruneSamples(pipeline: Int64, run: RunID) throws {
    try query(
      """
      DELETE FROM row_samples WHERE checkpoint_id IN (
        SELECT c.id FROM row_samples s JOIN checkpoints c ON c.id = s.checkpoint_id
        WHERE c.pipeline_id = $1 AND c.run = $2
          AND c.id NOT IN (
            SELECT id FROM checkpoints WHERE pipeline_id = $1 AND run = $2 ORDER BY id DESC LIMIT $3)
          AND NOT EXISTS (
            SELECT FROM versions v WHERE v.pipeline_id = $1 AND v.checkpoint_id >= c.id
              AND (v.state IN ('candidate', 'validated', 'canary', 'stable') OR v.number IN (
                SELECT number FROM versions WHERE pipeline_id = $1 AND was_stable AND state = 'retired'
                ORDER BY since DESC LIMIT 2))
              AND (SELECT count(*) FROM (
                SELECT FROM checkpoints b
                WHERE b.pipeline_id = $1 AND b.run = $2 AND b.id > c.id AND b.id <= v.checkpoint_id LIMIT $3) b) < $3))
      """, [.int(pipeline), .integer(run.rawValue), .integer(Registry.sampledWindows)])
  }
}

extension Registry {
  /// Windows before the newest, and before each version that matters, of which samples are kept.
  package static let sampledWindows = 32
}
