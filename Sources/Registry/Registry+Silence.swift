public import Health
import Postgres
public import Vocabulary

extension Registry {
  /// How long a run's present workers have had no checkpoint with records, beside how long its workers had none before.
  ///
  /// A checkpoint is only written where there were records. What lies between two generations is no silence of the stream.
  ///
  /// - Parameter lookback: Of what was before; older checkpoints are not looked at.
  /// - Returns: nil: there was no checkpoint in that time, or no workers are at it.
  public func silence(pipeline: Int64, run: RunID = .live, lookback: Duration) async throws -> StreamSilence? {
    try await perform { session in
      let rows = try session.query(
        """
        WITH written AS (
          SELECT created_at, created_at - lag(created_at) OVER w AS gap, generation = lag(generation) OVER w AS is_same
          FROM checkpoints
          WHERE pipeline_id = $1 AND run = $2 AND created_at > now() - make_interval(secs => $3)
          WINDOW w AS (ORDER BY id)),
        known AS (
          SELECT max(created_at) AS newest, min(created_at) AS oldest, max(gap) FILTER (WHERE is_same) AS longest
          FROM written)
        SELECT extract(epoch FROM now() - greatest(k.newest, g.formed_at))::double precision AS seconds,
          coalesce(extract(epoch FROM k.longest), 0)::double precision AS longest,
          extract(epoch FROM k.newest - k.oldest)::double precision AS known
        FROM known k
        JOIN run_heads h ON h.pipeline_id = $1 AND h.run = $2
        JOIN generations g ON g.pipeline_id = $1 AND g.run = $2 AND g.number = h.generation
        WHERE k.newest IS NOT NULL
        """, [.int(pipeline), .integer(run.rawValue), .double(lookback.seconds)])
      guard let row = rows.first else { return nil }
      return StreamSilence(
        seconds: try row.value("seconds"), longestBefore: try row.value("longest"),
        knownSeconds: try row.value("known"))
    }
  }
}
