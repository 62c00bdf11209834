import Postgres
import Rollouts

/// What became of the runs beside that are over.
public struct RetrainTally: Sendable, Hashable, Codable {
  /// Their version became stable.
  public var promoted = 0
  /// It was rejected, rolled back or made room before it served.
  public var refused = 0
  /// Nobody has decided about it yet.
  public var undecided = 0
  /// They came to no version.
  public var failed = 0
  /// A person ended them; they count for nothing.
  public var stopped = 0
  /// Of those that were decided or failed, the part that was promoted; nil: there is none.
  public var successShare: Double?

  public init() {}
}

extension Registry {
  public func retrainTally(pipeline: Int64) async throws -> RetrainTally {
    try await perform { session in
      let rows = try session.query(
        """
        SELECT r.phase, v.state, coalesce(v.was_stable, false) AS was_stable, count(*) AS runs
        FROM runs r LEFT JOIN versions v ON v.pipeline_id = r.pipeline_id AND v.number = r.version
        WHERE r.pipeline_id = $1 AND r.ended_at IS NOT NULL GROUP BY 1, 2, 3
        """, [.int(pipeline)])
      var tally = RetrainTally()
      for index in 0..<rows.count {
        let row = rows[index]
        let (phase, count): (String, Int) = (try row.value("phase"), try row.value("runs"))
        let state: String? = try row.optional("state")
        let hasServed: Bool = try row.value("was_stable")
        switch (phase, state.flatMap { VersionState(rawValue: $0) }) {
        case (ReplayRecord.Phase.stopped.rawValue, _): tally.stopped += count
        case (_, nil): tally.failed += count
        case (_, let state?) where hasServed || state == .stable: tally.promoted += count
        case (_, let state?) where state.isUndecided: tally.undecided += count
        default: tally.refused += count
        }
      }
      let decided = tally.promoted + tally.refused + tally.failed
      if decided > 0 { tally.successShare = Double(tally.promoted) / Double(decided) }
      return tally
    }
  }

  /// Of the versions that nobody has decided about, those that runs beside have learned.
  public func versionsFromBeside(pipeline: Int64) async throws -> Set<Int64> {
    try await perform { session in
      let rows = try session.query(
        """
        SELECT v.number FROM versions v JOIN checkpoints c ON c.id = v.checkpoint_id
        WHERE v.pipeline_id = $1 AND v.state IN ('candidate', 'validated', 'canary') AND c.run <> 0
        """, [.int(pipeline)])
      return Set(try rows.map { try $0.value("number") as Int64 })
    }
  }
}
