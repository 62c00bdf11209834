import Foundation
import Postgres
public import Rollouts

extension Registry {
  /// That nothing is promoted now, and who said so; nil: nobody.
  public func freeze(pipeline: Int64) async throws -> Freeze? {
    try await perform { try $0.freeze(pipeline: pipeline) }
  }

  /// Nothing is promoted from now on, which is an incident as long as it holds. Another freeze takes the place of one that
  /// holds.
  public func begin(_ freeze: Freeze, pipeline: Int64) async throws {
    // Repeated after a lost reply, it is found by its incident.
    let key = "\(Freeze.incidentKind) \(UUID().uuidString)"
    try await transaction { session in
      _ = try session.lockPipeline(pipeline)
      let known = try session.query(
        "SELECT 1 FROM incidents WHERE pipeline_id = $1 AND key = $2", [.int(pipeline), .text(key)])
      if known.count > 0 { return }
      try session.endFreezes(pipeline: pipeline, by: freeze.person)
      let incident = try session.openTrouble(
        pipeline: pipeline,
        IncidentDraft(
          key: key, kind: Freeze.incidentKind, severity: .notice,
          details: IncidentDraft.details(["reason": "nothing is promoted, \(freeze.sentence)", "by": freeze.person])))
      try session.query(
        "INSERT INTO freezes (pipeline_id, reason, person, until, incident_id) VALUES ($1, $2, $3, $4, $5)",
        [.int(pipeline), .text(freeze.reason), .text(freeze.person), .maybe(freeze.until), .int(incident)])
      try session.announce(.pipeline, pipeline: pipeline)
    }
  }

  /// Promotion goes on from now on.
  ///
  /// - Returns: What held until now; nil: nothing did.
  public func endFreeze(pipeline: Int64, by person: String) async throws -> Freeze? {
    try await transaction { session in
      _ = try session.lockPipeline(pipeline)
      let freeze = try session.freeze(pipeline: pipeline)
      try session.endFreezes(pipeline: pipeline, by: person)
      if freeze != nil { try session.announce(.pipeline, pipeline: pipeline) }
      return freeze
    }
  }

  /// Closes the incident of a freeze whose time has come. It does not hold any more, whether somebody calls this or not.
  public func endPastFreeze(pipeline: Int64) async throws {
    let past = try await perform { session in
      try session.query(
        "SELECT 1 FROM freezes WHERE pipeline_id = $1 AND ended_at IS NULL AND until <= now()", [.int(pipeline)]
      ).count > 0
    }
    guard past else { return }
    try await transaction { session in
      _ = try session.lockPipeline(pipeline)
      if try session.freeze(pipeline: pipeline) == nil { try session.endFreezes(pipeline: pipeline, by: nil) }
    }
  }
}

extension PostgresSession {
  /// As `Registry.freeze`.
  func freeze(pipeline: Int64) throws -> Freeze? {
    let rows = try query(
      """
      SELECT * FROM freezes WHERE pipeline_id = $1 AND ended_at IS NULL AND (until IS NULL OR until > now())
      """, [.int(pipeline)])
    guard let row = rows.first else { return nil }
    return try Freeze(
      reason: row.value("reason"), by: row.value("person"), since: row.value("begun_at"), until: row.optional("until"))
  }

  /// Of a pipeline that is locked.
  ///
  /// - Parameter person: nil: its time has come.
  fileprivate func endFreezes(pipeline: Int64, by person: String?) throws {
    try query(
      """
      UPDATE freezes SET ended_by = $2, ended_at = CASE WHEN until <= now() THEN until ELSE now() END
      WHERE pipeline_id = $1 AND ended_at IS NULL
      """, [.int(pipeline), .maybe(person)])
    try closeTroubles(pipeline: pipeline, kind: Freeze.incidentKind)
  }
}
