public import Foundation
import Postgres
import Rollouts
public import Vocabulary

/// Something that went wrong, about to be remembered.
public struct IncidentDraft: Sendable, Hashable {
  public enum Severity: String, Sendable, Hashable, Codable, CaseIterable {
    case notice, warning, error

    init(_ row: PostgresRow) throws {
      let name: String = try row.value("severity")
      guard let severity = Self(rawValue: name) else {
        throw RegistryError(.damaged, "an incident has the unknown severity \(name)")
      }
      self = severity
    }
  }

  /// The same key again is the same incident: a report may be repeated.
  public var key: String
  /// As in `non_finite_record`.
  public let kind: String
  public let severity: Severity
  /// The records that caused it.
  public var positions: [RecordPosition]
  public var layer: String?
  public var feature: String?
  public var step: Int64?
  /// JSON text.
  public var details: String

  public init(
    key: String = UUID().uuidString, kind: String, severity: Severity, positions: [RecordPosition] = [],
    layer: String? = nil, feature: String? = nil, step: Int64? = nil, details: String = "{}"
  ) {
    self.key = key
    self.kind = kind
    self.severity = severity
    self.positions = positions
    self.layer = layer
    self.feature = feature
    self.step = step
    self.details = details
  }

  /// Details from facts by their names.
  public static func details(_ facts: [String: String]) -> String { (try? encodeJSON(facts)) ?? "{}" }

  /// The facts that such details hold.
  static func facts(_ details: String) -> [String: String] {
    (try? JSONDecoder().decode([String: String].self, from: Data(details.utf8))) ?? [:]
  }
}

public struct IncidentRecord: Sendable, Hashable, Codable {
  public let id: Int64
  public let pipeline: Int64
  public let kind: String
  public let severity: IncidentDraft.Severity
  public internal(set) var positions: [RecordPosition] = []
  public let layer: String?
  public let feature: String?
  public let step: Int64?
  /// JSON text.
  public let details: String
  public let openedAt: Date
  /// When it was over; nil: it goes on, or was over as soon as it had happened.
  public let closedAt: Date?
  /// It is open until somebody says that it is over.
  public let isTrouble: Bool

  init(_ row: PostgresRow) throws {
    id = try row.value("id")
    pipeline = try row.value("pipeline_id")
    kind = try row.value("kind")
    severity = try IncidentDraft.Severity(row)
    layer = try row.optional("layer")
    feature = try row.optional("feature")
    step = try row.optional("step")
    details = try row.value("details")
    openedAt = try row.value("opened_at")
    closedAt = try row.optional("closed_at")
    isTrouble = try row.value("is_trouble")
  }

  /// What its details say, by name; none where they are no such text.
  public var facts: [String: String] { IncidentDraft.facts(details) }

  /// What a rule of health did, as its details say.
  public var actions: Set<HealthAction> {
    Set((facts["action"] ?? "").components(separatedBy: ", ").compactMap(HealthAction.init(rawValue:)))
  }
}

extension Registry {
  /// - Returns: The incident's number.
  @discardableResult
  public func openIncident(pipeline: Int64, _ draft: IncidentDraft) async throws -> Int64 {
    try await transaction { try $0.openIncident(pipeline: pipeline, draft) }
  }

  /// All of them or none.
  ///
  /// - Returns: Their numbers.
  public func openIncidents(pipeline: Int64, _ drafts: [IncidentDraft]) async throws -> [Int64] {
    try await transaction { session in try drafts.map { try session.openIncident(pipeline: pipeline, $0) } }
  }

  /// Something goes wrong and will be over: one open incident of its kind a pipeline, whoever tells of it.
  ///
  /// - Returns: Its number.
  @discardableResult
  public func openTrouble(pipeline: Int64, _ draft: IncidentDraft) async throws -> Int64 {
    try await transaction { session in
      _ = try session.lockPipeline(pipeline)
      return try session.openTrouble(pipeline: pipeline, draft)
    }
  }

  /// Something goes wrong and will be over: one open incident of its kind, layer and feature a pipeline, whoever tells of it.
  ///
  /// - Returns: As it stands in the tables.
  public func beginTrouble(pipeline: Int64, _ draft: IncidentDraft) async throws -> IncidentRecord {
    try await transaction { session in
      _ = try session.lockPipeline(pipeline)
      let known = try session.query(
        """
        SELECT id FROM incidents WHERE pipeline_id = $1 AND kind = $2 AND is_trouble AND closed_at IS NULL
          AND layer IS NOT DISTINCT FROM $3 AND feature IS NOT DISTINCT FROM $4
        """, [.int(pipeline), .text(draft.kind), .maybe(draft.layer), .maybe(draft.feature)])
      let id: Int64 =
        try known.first?.value("id") ?? session.openIncident(pipeline: pipeline, draft, isTrouble: true)
      guard let record = try session.incidents("WHERE id = $1", [.int(id)]).first else {
        throw RegistryError(.notFound, "incident \(id) is gone")
      }
      return record
    }
  }

  /// One incident is over; nothing happens where it is already.
  ///
  /// - Parameter checkpoint: Of the window that shows it, which its details name as `until`.
  public func closeTrouble(_ id: Int64, with checkpoint: Int64? = nil) async throws {
    try await transaction { session in
      let closed = try session.query(
        """
        UPDATE incidents SET closed_at = now(), details = CASE WHEN $2::bigint IS NULL THEN details
          ELSE details || jsonb_build_object('until', $2::bigint::text) END
        WHERE id = $1 AND closed_at IS NULL RETURNING pipeline_id
        """, [.int(id), .maybe(checkpoint)])
      if let row = closed.first { try session.announce(.incident, pipeline: row.value("pipeline_id"), number: id) }
    }
  }

  /// What goes on, of some kinds; the oldest first.
  public func openTroubles(pipeline: Int64, kinds: [String]) async throws -> [IncidentRecord] {
    try await perform { session in
      try session.incidents(
        "WHERE pipeline_id = $1 AND kind = ANY($2) AND is_trouble AND closed_at IS NULL ORDER BY id",
        [.int(pipeline), .texts(kinds)])
    }
  }

  /// What `openTrouble` told is over.
  ///
  /// - Parameter kind: nil: all that workers told of. A halt is ended by a person, and rules of health by the controller, but for
  ///   divergence, which workers tell of too.
  public func closeTroubles(pipeline: Int64, kind: String? = nil) async throws {
    try await transaction { try $0.closeTroubles(pipeline: pipeline, kind: kind) }
  }

  /// The newest first.
  public func incidents(pipeline: Int64, limit: Int) async throws -> [IncidentRecord] {
    try await perform { session in
      try session.incidents(
        "WHERE pipeline_id = $1 ORDER BY id DESC LIMIT $2", [.int(pipeline), .integer(limit)])
    }
  }

  /// Those of one kind since the pipeline's newest lineage began; the newest first.
  public func incidents(ofLineage pipeline: Int64, kind: String, limit: Int) async throws -> [IncidentRecord] {
    try await perform { session in
      try session.incidents(
        """
        WHERE pipeline_id = $1 AND kind = $2 AND id > coalesce(
          (SELECT max(id) FROM incidents WHERE pipeline_id = $1 AND kind = 'lineage_begun'), 0)
        ORDER BY id DESC LIMIT $3
        """, [.int(pipeline), .text(kind), .integer(limit)])
    }
  }

  public func incident(_ id: Int64) async throws -> IncidentRecord? {
    try await perform { try $0.incidents("WHERE id = $1", [.int(id)]).first }
  }
}

extension PostgresSession {
  /// As `Registry.openTrouble`, of a pipeline that is locked.
  func openTrouble(pipeline: Int64, _ draft: IncidentDraft) throws -> Int64 {
    let known = try query(
      "SELECT id FROM incidents WHERE pipeline_id = $1 AND kind = $2 AND is_trouble AND closed_at IS NULL",
      [.int(pipeline), .text(draft.kind)])
    if let row = known.first { return try row.value("id") }
    return try openIncident(pipeline: pipeline, draft, isTrouble: true)
  }

  /// Of whose end workers know nothing.
  private static let othersTroubles =
    [
      "halted", "rate_lowered", "rewind_asked", "metric_drop", Freeze.incidentKind, "slo_page", "slo_ticket",
      "split_mismatch",
    ]
    + HealthRule.allCases.filter { $0 != .diverging }.map(\.rawValue)

  /// As `Registry.closeTroubles`.
  func closeTroubles(pipeline: Int64, kind: String?) throws {
    let closed = try query(
      """
      UPDATE incidents SET closed_at = now()
      WHERE pipeline_id = $1 AND kind = coalesce($2::text, kind) AND ($2 IS NOT NULL OR kind <> ALL($3))
        AND is_trouble AND closed_at IS NULL
      RETURNING id
      """, [.int(pipeline), .maybe(kind), .texts(Self.othersTroubles)])
    for row in try closed.map({ try $0.value("id") as Int64 }) {
      try announce(.incident, pipeline: pipeline, number: row)
    }
  }

  func openIncident(pipeline: Int64, _ draft: IncidentDraft, isTrouble: Bool = false) throws -> Int64 {
    let known = try query(
      "SELECT id FROM incidents WHERE pipeline_id = $1 AND key = $2", [.int(pipeline), .text(draft.key)])
    if let row = known.first { return try row.value("id") }
    let id: Int64 = try query(
      """
      INSERT INTO incidents (pipeline_id, key, kind, severity, layer, feature, step, details, is_trouble)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id
      """,
      [
        .int(pipeline), .text(draft.key), .text(draft.kind), .text(draft.severity.rawValue), .maybe(draft.layer),
        .maybe(draft.feature), .maybe(draft.step), .jsonText(draft.details), .bool(isTrouble),
      ])[0].value("id")
    let positions = draft.positions
    try query(
      """
      INSERT INTO incident_records (incident_id, place, topic, partition, record_offset)
      SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[])
      """,
      [
        .int(id), .ints(positions.indices.map(Int64.init)), .texts(positions.map(\.topic)),
        .ints(positions.map { Int64($0.partition) }), .ints(positions.map(\.offset)),
      ])
    try announce(.incident, pipeline: pipeline, number: id)
    return id
  }

  func incidents(_ condition: String, _ parameters: [PostgresValue]) throws -> [IncidentRecord] {
    var records = try query("SELECT * FROM incidents \(condition)", parameters).map(IncidentRecord.init)
    let places = Dictionary(uniqueKeysWithValues: records.enumerated().map { ($0.element.id, $0.offset) })
    let rows = try query(
      "SELECT * FROM incident_records WHERE incident_id = ANY($1) ORDER BY place", [.ints(records.map(\.id))])
    for index in 0..<rows.count {
      guard let place = places[try rows[index].value("incident_id")] else { continue }
      records[place].positions.append(
        try RecordPosition(
          topic: rows[index].value("topic"), partition: rows[index].value("partition"),
          offset: rows[index].value("record_offset")))
    }
    return records
  }
}
