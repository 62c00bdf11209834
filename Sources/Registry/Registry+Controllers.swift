public import Foundation
import Postgres
import Vocabulary

/// A controller process as the registry knows it.
public struct ControllerRecord: Sendable, Hashable, Codable {
  public let id: String
  /// Where it answers Prometheus, as `host:port`; nil: nowhere.
  public let metricsAddress: String?
  /// Whether it is the one that decides.
  public let holdsLease: Bool
  public let startedAt: Date
  public let lastSeen: Date

  init(_ row: PostgresRow) throws {
    id = try row.value("id")
    metricsAddress = try row.optional("metrics_address")
    holdsLease = try row.value("holds_lease")
    startedAt = try row.value("started_at")
    lastSeen = try row.value("last_seen")
  }
}

extension Registry {
  /// Controllers that were silent for so long are forgotten by the next one that speaks.
  private static let forgottenAfter = 3600.0

  /// Says that a controller lives, and where it answers Prometheus.
  ///
  /// - Parameter id: As it holds the lease.
  public func reportController(pipeline: Int64, id: String, metricsAddress: String?) async throws {
    try await transaction { session in
      let rows = try session.query(
        """
        INSERT INTO controllers (pipeline_id, id, metrics_address) VALUES ($1, $2, $3)
        ON CONFLICT (pipeline_id, id) DO UPDATE SET metrics_address = EXCLUDED.metrics_address, last_seen = now()
        RETURNING xmax = 0 AS is_new
        """, [.int(pipeline), .text(id), .maybe(metricsAddress)])
      guard try rows[0].value("is_new") else { return }
      try session.query(
        "DELETE FROM controllers WHERE pipeline_id = $1 AND last_seen < now() - make_interval(secs => $2)",
        [.int(pipeline), .double(Self.forgottenAfter)])
    }
  }

  public func removeController(pipeline: Int64, id: String) async throws {
    try await perform { session in
      _ = try session.query(
        "DELETE FROM controllers WHERE pipeline_id = $1 AND id = $2", [.int(pipeline), .text(id)])
    }
  }

  /// The controllers, by age.
  ///
  /// - Parameter silence: Only those seen within it; nil: all that are remembered.
  public func controllers(pipeline: Int64, silence: Duration? = nil) async throws -> [ControllerRecord] {
    try await perform { session in
      try session.query(
        """
        SELECT c.*, coalesce(l.holder = c.id AND l.expires_at > now(), false) AS holds_lease
        FROM controllers c LEFT JOIN leases l ON l.pipeline_id = c.pipeline_id
        WHERE c.pipeline_id = $1
          AND ($2::double precision IS NULL OR c.last_seen > now() - make_interval(secs => $2))
        ORDER BY c.started_at, c.id
        """, [.int(pipeline), .maybe(silence?.seconds)]
      ).map(ControllerRecord.init)
    }
  }
}
