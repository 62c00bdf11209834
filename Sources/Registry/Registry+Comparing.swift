public import Evaluation
public import Foundation
import Postgres
public import Vocabulary

/// What two versions' frozen weights lost on the same records.
public struct FrozenPairs: Sendable, Hashable {
  /// Whose loss less the other's the pairs are.
  public let version: Int64
  public let other: Int64
  /// That says so last.
  public let checkpoint: Int64
  public let at: Date
  public let entry: FrozenScores.Entry
}

/// What was measured in one window of steps.
public struct MeasuredWindow: Sendable, Hashable {
  public let checkpoint: Int64
  public let lineage: Int
  public let step: Int64
  public let createdAt: Date
  public let metrics: StreamMetrics
}

extension Registry {
  /// The newest pairs of two versions, whichever of them the others were held against then; nil: they were never asked about the
  /// same records.
  ///
  /// - Parameter after: The checkpoints that they are of: what came before says nothing of both.
  public func frozenPairs(
    _ one: Int64, _ other: Int64, after: Int64, pipeline: Int64
  ) async throws -> FrozenPairs? {
    try await perform { session in
      for (version, reference) in [(one, other), (other, one)] {
        let rows = try session.query(
          """
          SELECT id, created_at, frozen_scores::text AS scores FROM checkpoints
          WHERE pipeline_id = $1 AND id > $4 AND frozen_scores->>'reference' = $2 AND frozen_scores->'entries' @> $3
          ORDER BY id DESC LIMIT 1
          """,
          [
            .int(pipeline), .text(String(reference)), .jsonText("[{\"version\":\(version)}]"), .int(after),
          ])
        guard let row = rows.first, let text: String = try row.optional("scores"),
          let entry = (try? decodeJSON(FrozenScores.self, from: text))?[version: version]
        else { continue }
        return FrozenPairs(
          version: version, other: reference, checkpoint: try row.value("id"), at: try row.value("created_at"),
          entry: entry)
      }
      return nil
    }
  }

  /// What a run's windows measured, in order.
  ///
  /// - Parameters:
  ///   - after: Only of checkpoints behind it, and up to `upTo`.
  ///   - lineage: Only of this one; nil: of all.
  ///   - limit: Of more, the newest.
  public func measuredWindows(
    pipeline: Int64, run: RunID = .live, lineage: Int? = nil, after: Int64 = 0, upTo: Int64 = .max, limit: Int
  ) async throws -> [MeasuredWindow] {
    try await perform { session in
      let rows = try session.query(
        """
        SELECT id, lineage, step, created_at, window_metrics FROM checkpoints
        WHERE pipeline_id = $1 AND run = $2 AND id > $3 AND id <= $6 AND ($4::integer IS NULL OR lineage = $4)
          AND copy_of IS NULL
        ORDER BY id DESC LIMIT $5
        """,
        [
          .int(pipeline), .integer(run.rawValue), .int(after), lineage.map { .integer($0) } ?? .null, .integer(limit),
          .int(upTo),
        ])
      return try rows.map { row in
        MeasuredWindow(
          checkpoint: try row.value("id"), lineage: try row.value("lineage"), step: try row.value("step"),
          createdAt: try row.value("created_at"),
          metrics: unsafe try row.withBytes("window_metrics") { bytes in
            do { return unsafe try StreamMetrics(decoding: bytes) } catch {
              throw RegistryError(.damaged, "window_metrics of a checkpoint cannot be read")
            }
          })
      }.reversed()
    }
  }

  /// The version that was stable at a time; nil: none was.
  public func stableVersion(pipeline: Int64, at time: Date) async throws -> Int64? {
    try await perform { session in
      try session.query(
        """
        SELECT version FROM decisions WHERE pipeline_id = $1 AND to_state = 'stable' AND decided_at <= $2
        ORDER BY id DESC LIMIT 1
        """, [.int(pipeline), .time(time)]
      ).first?.value("version")
    }
  }
}
