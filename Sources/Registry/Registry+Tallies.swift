import Postgres
import Vocabulary

/// How often what happened, over all that the tables remember of a pipeline.
public struct PipelineTallies: Sendable, Hashable {
  /// Decisions by rule, those of people among them.
  public var decisions: [String: Int64] = [:]
  /// Incidents by kind, and those of them that are not over.
  public var incidents: [String: Int64] = [:]
  public var openIncidents: [String: Int64] = [:]

  public init() {}
}

extension Registry {
  public func tallies(pipeline: Int64) async throws -> PipelineTallies {
    try await perform { session in
      var tallies = PipelineTallies()
      let decisions = try session.query(
        "SELECT rule, count(*) AS n FROM decisions WHERE pipeline_id = $1 GROUP BY rule", [.int(pipeline)])
      for index in 0..<decisions.count {
        tallies.decisions[try decisions[index].value("rule")] = try decisions[index].value("n")
      }
      let incidents = try session.query(
        """
        SELECT kind, count(*) AS n, count(*) FILTER (WHERE is_trouble AND closed_at IS NULL) AS n_open
        FROM incidents WHERE pipeline_id = $1 GROUP BY kind
        """, [.int(pipeline)])
      for index in 0..<incidents.count {
        let kind: String = try incidents[index].value("kind")
        tallies.incidents[kind] = try incidents[index].value("n")
        tallies.openIncidents[kind] = try incidents[index].value("n_open")
      }
      return tallies
    }
  }

  /// After how many steps and labelled records of its own lineage the first version of the model that learns now was made that
  /// became stable; nil: there is none yet.
  public func convergence(pipeline: Int64) async throws -> (steps: Int64, records: Int64)? {
    try await perform { session -> (steps: Int64, records: Int64)? in
      let rows = try session.query(
        """
        SELECT c.step, c.records FROM pipelines p
        JOIN versions v ON v.pipeline_id = p.id AND v.was_stable
        JOIN checkpoints c ON c.id = v.checkpoint_id AND c.lineage = p.lineage
        WHERE p.id = $1 ORDER BY v.number LIMIT 1
        """, [.int(pipeline)])
      return try rows.first.map { (try $0.value("step"), try $0.value("records")) }
    }
  }
}
