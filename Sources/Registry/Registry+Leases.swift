public import Foundation
import Postgres
import Vocabulary

/// The right to act for a pipeline, until somebody else has it.
public struct LeaseToken: Sendable, Hashable, Codable {
  public let pipeline: Int64
  public let holder: String
  /// Grows with every holder; what is done under an older one is refused.
  public let number: Int64
  /// By the database's clock.
  public let expiresAt: Date
}

extension Registry {
  /// Takes the lease if nobody holds it, or its time is over, or `holder` holds it already; nil while another one does.
  ///
  /// - Parameter ttl: How long it lasts unless renewed.
  public func acquireLease(pipeline: Int64, holder: String, ttl: Duration) async throws -> LeaseToken? {
    try await perform { session in
      let rows = try session.query(
        """
        INSERT INTO leases (pipeline_id, holder, number, expires_at)
        VALUES ($1, $2, 1, now() + make_interval(secs => $3))
        ON CONFLICT (pipeline_id) DO UPDATE
          SET holder = EXCLUDED.holder, number = leases.number + 1, expires_at = EXCLUDED.expires_at
          WHERE leases.expires_at <= now() OR leases.holder = EXCLUDED.holder
        RETURNING number, expires_at
        """, [.int(pipeline), .text(holder), .double(ttl.seconds)])
      return try rows.first.map { row in
        try LeaseToken(
          pipeline: pipeline, holder: holder, number: row.value("number"), expiresAt: row.value("expires_at"))
      }
    }
  }

  /// Makes the lease last `ttl` from now.
  ///
  /// - Throws: `fenced` when somebody else has taken it.
  public func renew(_ token: LeaseToken, ttl: Duration) async throws -> LeaseToken {
    try await perform { session in
      let rows = try session.query(
        """
        UPDATE leases SET expires_at = now() + make_interval(secs => $3)
        WHERE pipeline_id = $1 AND number = $2 RETURNING expires_at
        """, [.int(token.pipeline), .int(token.number), .double(ttl.seconds)])
      guard let row = rows.first else { throw fencedLease(token) }
      return try LeaseToken(
        pipeline: token.pipeline, holder: token.holder, number: token.number, expiresAt: row.value("expires_at"))
    }
  }

  /// Gives the lease up, if it is still held.
  public func release(_ token: LeaseToken) async throws {
    try await perform { session in
      // The row stays: the number must go on growing.
      _ = try session.query(
        "UPDATE leases SET expires_at = now() WHERE pipeline_id = $1 AND number = $2 AND expires_at > now()",
        [.int(token.pipeline), .int(token.number)])
    }
  }
}

private func fencedLease(_ token: LeaseToken) -> RegistryError {
  RegistryError(.fenced, "\(token.holder) no longer holds the lease of the pipeline")
}

extension PostgresSession {
  /// Refuses a lease that has passed to somebody else, and keeps it until the transaction ends; after the pipeline, as everywhere.
  func verify(_ token: LeaseToken) throws {
    _ = try lockPipeline(token.pipeline)
    let rows = try query(
      "SELECT number = $2 AS held FROM leases WHERE pipeline_id = $1 FOR UPDATE",
      [.int(token.pipeline), .int(token.number)])
    guard try rows.first?.value("held") == true else { throw fencedLease(token) }
  }

  /// Refuses a lease that has passed to somebody else or has run out, and keeps it until the transaction ends.
  func verify(_ token: LeaseToken, pipeline: Int64) throws {
    let rows = try query(
      "SELECT number = $2 AND expires_at > clock_timestamp() AS held FROM leases WHERE pipeline_id = $1 FOR UPDATE",
      [.int(pipeline), .int(token.number)])
    guard try rows.first?.value("held") == true else { throw fencedLease(token) }
  }
}
