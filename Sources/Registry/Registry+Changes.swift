public import Health
import Postgres
import Vocabulary

// Incidents that say that a field of the stream has changed.
extension Registry {
  /// The newest first, as many as can matter.
  public func driftSpans(pipeline: Int64) async throws -> [DriftSpan] {
    try await perform { session in
      try session.incidents(
        "WHERE pipeline_id = $1 AND kind = ANY($2) AND is_trouble ORDER BY id DESC LIMIT 500",
        [.int(pipeline), .texts(DriftSpan.rules.map(\.rawValue))]
      ).compactMap(\.driftSpan)
    }
  }

  /// A person says that the stream is what it has changed to: the incident is over, and windows from its first on are what later ones
  /// are held against.
  ///
  /// - Throws: `notFound`; `refused` where it is no such incident, or over already.
  public func acceptChange(_ id: Int64, by actor: String, reason: String) async throws {
    try await transaction { session in
      guard let incident = try session.incidents("WHERE id = $1", [.int(id)]).first else {
        throw RegistryError(.notFound, "there is no incident \(id)")
      }
      guard let span = incident.driftSpan else {
        let kinds = DriftSpan.rules.map(\.rawValue).joined(separator: ", ")
        throw RegistryError(
          .refused, "incident \(id) is of \(incident.kind); what can be accepted is that a field has changed: \(kinds)")
      }
      guard span.isOpen else { throw RegistryError(.refused, "incident \(id) is over already") }
      let facts = try encodeJSON(["accepted": actor, "accepted_reason": reason])
      try session.query(
        """
        UPDATE incidents SET closed_at = now(), details = details || $2::jsonb || jsonb_build_object('until', coalesce(
          (SELECT max(id) FROM checkpoints WHERE pipeline_id = $3 AND run = 0), $4)::text)
        WHERE id = $1
        """, [.int(id), .jsonText(facts), .int(incident.pipeline), .int(span.first)])
      _ = try session.openIncident(
        pipeline: incident.pipeline,
        IncidentDraft(
          key: "accepted \(id)", kind: "change_accepted", severity: .notice, layer: incident.layer,
          feature: incident.feature, step: incident.step,
          details: IncidentDraft.details([
            "reason": "incident \(id) is what the stream is like from now on"
              + (reason.isEmpty ? "" : ": \(reason)"), "by": actor, "incident": String(id),
          ])))
      try session.announce(.incident, pipeline: incident.pipeline, number: id)
    }
  }
}

extension IncidentRecord {
  /// nil: it is of something else.
  var driftSpan: DriftSpan? {
    let facts = self.facts
    guard isTrouble, let rule = HealthRule(rawValue: kind), DriftSpan.rules.contains(rule),
      let first = facts["checkpoint"].flatMap({ Int64($0) })
    else { return nil }
    let subjects = facts["subjects"]?.split(separator: "\n").map(String.init) ?? [feature].compactMap(\.self)
    // Whoever closed it otherwise has not said with which window.
    let last = facts["until"].flatMap { Int64($0) } ?? (closedAt == nil ? nil : first + 1)
    return DriftSpan(
      rule: rule, features: rule == .labelDrift ? [] : Set(subjects), first: first, last: closedAt == nil ? nil : last,
      isAccepted: facts["accepted"] != nil)
  }
}
