public import Foundation
import Postgres
public import Rollouts
import Vocabulary

/// What became of the requests that one process answered with one version since it started.
public struct ServingTotal: Sendable, Hashable {
  /// Who counts, and with which version.
  public struct Counter: Sendable, Hashable {
    public let server: String
    public let version: Int64
  }

  public let counter: Counter
  public let counts: ServingCounts
}

extension Registry {
  /// Of servers that were seen within `silence`. Requests that were turned away have failed.
  ///
  /// - Parameter limit: Answers that took longer are slow, as far as the buckets tell that servers count them in; nil: none is.
  public func servingTotals(
    pipeline: Int64, silence: Duration, slowerThan limit: Duration?
  ) async throws -> [ServingTotal] {
    let live = try await servers(pipeline: pipeline, silence: silence).map(\.id)
    let quick = limit.map { limit in ServerReport.latencyBounds.count { $0 <= limit.seconds } }
    return try await perform { session in
      try session.query(
        """
        SELECT server_id, version, requests + shed AS requests, errors + shed AS failed, (
          SELECT coalesce(sum(count), 0)::bigint FROM unnest(latency) WITH ORDINALITY AS bucket (count, place)
          WHERE place > $3) AS slow
        FROM server_outputs WHERE pipeline_id = $1 AND server_id = ANY($2) ORDER BY server_id, version
        """, [.int(pipeline), .texts(live), .integer(quick ?? .max)]
      ).map { row in
        ServingTotal(
          counter: .init(server: try row.value("server_id"), version: try row.value("version")),
          counts: ServingCounts(
            requests: try row.value("requests"), failed: try row.value("failed"), slow: try row.value("slow")))
      }
    }
  }

  /// Remembers samples, and forgets those that nobody asks for any more.
  public func add(_ samples: [ServingSample], pipeline: Int64, forgetBefore date: Date) async throws {
    try await transaction { session in
      for sample in samples {
        try session.query(
          """
          INSERT INTO serving_samples (pipeline_id, at, version, requests, failed, slow)
          SELECT $1, $2, $3, $4, $5, $6 WHERE EXISTS (SELECT FROM versions WHERE pipeline_id = $1 AND number = $3)
          ON CONFLICT DO NOTHING
          """,
          [
            .int(pipeline), .time(sample.at), .int(sample.version), .int(sample.counts.requests),
            .int(sample.counts.failed), .int(sample.counts.slow),
          ])
      }
      try session.query(
        "DELETE FROM serving_samples WHERE pipeline_id = $1 AND at <= $2", [.int(pipeline), .time(date)])
    }
  }

  public func servingSamples(pipeline: Int64, after date: Date) async throws -> [ServingSample] {
    try await perform { session in
      try session.query(
        "SELECT * FROM serving_samples WHERE pipeline_id = $1 AND at > $2 ORDER BY at, version",
        [.int(pipeline), .time(date)]
      ).map { row in
        try ServingSample(
          at: row.value("at"), version: row.value("version"),
          counts: ServingCounts(
            requests: row.value("requests"), failed: row.value("failed"), slow: row.value("slow")))
      }
    }
  }
}
