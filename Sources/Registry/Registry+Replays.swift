public import Foundation
import Postgres
public import Vocabulary

/// A run beside the live one, about to be begun.
public struct ReplayDraft: Sendable, Hashable {
  /// No other run of the pipeline has it.
  public var name: String
  /// The YAML text that it learns by; nil: the pipeline's.
  public var specification: String?
  public var workFingerprint: String?
  public var workers: Int
  /// By partition the offset behind the last record that is learned.
  public var ends: [Int32: Int64]
  /// Whether it goes on from there until it has caught up with the live stream.
  public var follows: Bool
  /// Records between where it begins and its ends.
  public var records: Int64
  /// What was asked for, as a person reads it.
  public var wish: String

  public init(
    name: String, specification: String? = nil, workFingerprint: String?, workers: Int, ends: [Int32: Int64],
    follows: Bool, records: Int64, wish: String
  ) {
    self.name = name
    self.specification = specification
    self.workFingerprint = workFingerprint
    self.workers = workers
    self.ends = ends
    self.follows = follows
    self.records = records
    self.wish = wish
  }
}

/// A run beside the live one, and how far it has come.
public struct ReplayRecord: Sendable, Hashable, Codable {
  public enum Phase: String, Sendable, Hashable, Codable, CaseIterable {
    /// It learns what it was asked to.
    case replaying
    /// It goes on until it is where the live run is.
    case catchingUp = "catching_up"
    /// Its version is a candidate.
    case done
    case stopped, failed
  }

  public let run: RunID
  public let name: String
  public let lineage: Int
  public let stream: Int
  public let phase: Phase
  public let desiredState: DesiredState
  public let workers: Int
  public let ends: [Int32: Int64]
  public let follows: Bool
  public let records: Int64
  public let wish: String
  public let actor: String
  public let reason: String
  public let halted: String?
  public let version: Int64?
  public let outcome: String?
  public let begunAt: Date
  public let endedAt: Date?

  init(_ row: PostgresRow) throws {
    run = RunID(rawValue: try row.value("number"))
    name = try row.value("name")
    lineage = try row.value("lineage")
    stream = try row.value("stream")
    let phase: String = try row.value("phase")
    guard let known = Phase(rawValue: phase), let state = DesiredState(rawValue: try row.value("desired_state")) else {
      throw RegistryError(.damaged, "a run is in the unknown phase \(phase)")
    }
    self.phase = known
    desiredState = state
    workers = try row.value("desired_workers")
    let ends = try (row.optional("ends") as String?).map { try decodeJSON([String: Int64].self, from: $0) } ?? [:]
    self.ends = Dictionary(ends.compactMap { key, value in Int32(key).map { ($0, value) } }) { first, _ in first }
    follows = try row.value("follows")
    records = try row.value("records")
    wish = try row.value("wish")
    actor = try row.value("actor")
    reason = try row.value("reason")
    halted = try row.optional("halted")
    version = try row.optional("version")
    outcome = try row.optional("outcome")
    begunAt = try row.value("begun_at")
    endedAt = try row.optional("ended_at")
  }

  public var isOver: Bool { endedAt != nil }
}

extension Registry {
  /// Begins a run beside the live one, and its lineage with it.
  ///
  /// - Parameter first: As of `beginLineage`.
  /// - Throws: `conflict` where another is not over yet, or one has the name; as `beginLineage`.
  public func beginReplay(
    pipeline: Int64, _ draft: ReplayDraft, from origin: LineageOrigin, first: CheckpointDraft? = nil
  ) async throws -> ReplayRecord {
    let batch = UUID().uuidString
    return try await bulkLink.perform(patience: patience) { session in
      let digests = first.map { StateDigests($0) }
      return try session.transaction { session in
        let next = try session.nextNumbers(pipeline)
        if let known = try session.lineages("l.pipeline_id = $1 AND l.batch = $2", [.int(pipeline), .text(batch)]).first
        {
          return try session.replay(pipeline, known.run)
        }
        if let other = try session.replays("pipeline_id = $1 AND ended_at IS NULL", [.int(pipeline)]).first {
          throw RegistryError(.conflict, "the run '\(other.name)' is not over yet (\(other.wish))")
        }
        let taken = try session.query(
          "SELECT 1 FROM run_heads WHERE pipeline_id = $1 AND name = $2", [.int(pipeline), .text(draft.name)])
        guard taken.count == 0 else {
          throw RegistryError(.conflict, "the pipeline has, or had, a run '\(draft.name)' already")
        }
        let ends = Dictionary(uniqueKeysWithValues: draft.ends.map { (String($0.key), $0.value) })
        try session.query(
          """
          INSERT INTO runs (pipeline_id, number, name, lineage, stream, work_fingerprint, specification, desired_workers,
            until, ends, follows, records, wish, actor, reason)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'end', $9, $10, $11, $12, $13, $14)
          """,
          [
            .int(pipeline), .integer(next.run), .text(draft.name), .integer(next.lineage), .integer(next.stream),
            .maybe(draft.workFingerprint), .maybe(draft.specification), .integer(draft.workers),
            .jsonText(try encodeJSON(ends)), .bool(draft.follows), .int(draft.records), .text(draft.wish),
            .text(origin.actor), .text(origin.reason),
          ])
        // Whoever begins one does what was wished for.
        try session.query("DELETE FROM retrain_wishes WHERE pipeline_id = $1", [.int(pipeline)])
        let run = RunID(rawValue: next.run)
        _ = try session.begin(origin, run, pipeline, batch: batch, first, digests)
        return try session.replay(pipeline, run)
      }
    }
  }

  /// Runs beside the live one, the newest first.
  public func replays(pipeline: Int64, limit: Int) async throws -> [ReplayRecord] {
    try await perform {
      try $0.replays("pipeline_id = $1 ORDER BY number DESC LIMIT $2", [.int(pipeline), .integer(limit)])
    }
  }

  /// The one that is not over; nil: none.
  public func replay(pipeline: Int64) async throws -> ReplayRecord? {
    try await perform { try $0.replays("pipeline_id = $1 AND ended_at IS NULL", [.int(pipeline)]).first }
  }

  /// One of them; nil: there is none with that number, as the live one.
  public func replay(pipeline: Int64, run: RunID) async throws -> ReplayRecord? {
    try await perform {
      try $0.replays("pipeline_id = $1 AND number = $2", [.int(pipeline), .integer(run.rawValue)]).first
    }
  }

  /// What it was asked for is learned: it goes on with what came meanwhile.
  public func followLive(pipeline: Int64, run: RunID) async throws {
    try await change(
      pipeline, run, "UPDATE runs SET phase = 'catching_up', ends = NULL, until = NULL, updated_at = now()")
  }

  public func setDesiredState(_ state: DesiredState, pipeline: Int64, run: RunID) async throws {
    guard run != .live else { return try await setDesiredState(state, pipeline: pipeline) }
    try await change(pipeline, run, "UPDATE runs SET desired_state = $3, updated_at = now()", .text(state.rawValue))
  }

  public func setDesiredWorkers(_ count: Int, pipeline: Int64, run: RunID) async throws {
    guard run != .live else { return try await setDesiredWorkers(count, pipeline: pipeline) }
    try await change(pipeline, run, "UPDATE runs SET desired_workers = $3, updated_at = now()", .integer(count))
  }

  /// Says why nothing is learned any more; the first reason stays.
  public func halt(pipeline: Int64, run: RunID, reason: String) async throws {
    guard run != .live else { return try await halt(pipeline: pipeline, reason: reason) }
    try await change(
      pipeline, run, "UPDATE runs SET halted = coalesce(halted, $3), updated_at = now()", .text(reason))
  }

  /// It is over; what it has learned stays.
  public func endReplay(
    pipeline: Int64, run: RunID, _ phase: ReplayRecord.Phase, version: Int64? = nil, outcome: String
  ) async throws {
    try await transaction { session in
      try session.query(
        """
        UPDATE runs SET phase = $3, version = $4, outcome = $5, ended_at = now(), desired_state = 'stopped',
          updated_at = now()
        WHERE pipeline_id = $1 AND number = $2 AND ended_at IS NULL
        """,
        [.int(pipeline), .integer(run.rawValue), .text(phase.rawValue), .maybe(version), .text(outcome)])
      try session.announce(.pipeline, pipeline: pipeline)
    }
  }

  /// Where the version that serves was learned by a run beside that is over, the live run goes on from the newest checkpoint of
  /// that: once, and at its own offsets, so that no record is lost or learned twice. It learns by the run's text from then on.
  ///
  /// - Returns: nil: there is nothing to take over.
  public func takeOver(pipeline: Int64, actor: String) async throws -> LineageRecord? {
    let found = try await perform { session -> (checkpoint: Int64, version: Int64, name: String)? in
      let rows = try session.query(
        """
        SELECT v.number, r.name, c.run, c.lineage FROM versions v JOIN checkpoints c ON c.id = v.checkpoint_id
        JOIN runs r ON r.pipeline_id = v.pipeline_id AND r.number = c.run
        WHERE v.pipeline_id = $1 AND v.state = 'stable' AND r.ended_at IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM lineages l JOIN checkpoints o ON o.id = l.origin
          WHERE l.pipeline_id = $1 AND l.kind = 'take_over' AND o.run = c.run AND o.lineage = c.lineage)
        """, [.int(pipeline)])
      guard let row = rows.first else { return nil }
      let (run, lineage): (Int, Int) = (try row.value("run"), try row.value("lineage"))
      let newest = try session.newestSound(pipeline, RunID(rawValue: run), lineage: lineage)
      return try newest.map { ($0.id, try row.value("number"), try row.value("name")) }
    }
    guard let found else { return nil }
    let origin = LineageOrigin(
      .takeOver, checkpoint: found.checkpoint, actor: actor,
      reason: "version \(found.version) of the run '\(found.name)' serves")
    return try await beginLineage(pipeline: pipeline, from: origin)
  }

  /// The pipeline as one of its runs has it: what is wanted of that, where it is, and by which text it learns.
  public func pipeline(_ id: Int64, run: RunID) async throws -> PipelineRecord? {
    guard run != .live else { return try await pipeline(id) }
    return try await perform { session in
      try session.query(
        """
        SELECT p.id, p.name, coalesce(r.specification, p.specification) AS specification, r.desired_state,
          r.desired_workers, r.until, r.halted, r.generation, r.stream, r.lineage, r.work_fingerprint, p.skips_lost,
          1.0::double precision AS rate_scale, NULL::bigint AS health_seen, r.begun_at AS created_at, r.updated_at
        FROM pipelines p JOIN runs r ON r.pipeline_id = p.id WHERE p.id = $1 AND r.number = $2
        """, [.int(id), .integer(run.rawValue)]
      ).first.map(PipelineRecord.init)
    }
  }

  private func change(_ pipeline: Int64, _ run: RunID, _ sql: String, _ value: PostgresValue? = nil) async throws {
    let values = [.int(pipeline), .integer(run.rawValue)] + [value].compactMap(\.self)
    try await transaction { session in
      guard try session.query(sql + " WHERE pipeline_id = $1 AND number = $2", values).affected == 1 else {
        throw RegistryError(.notFound, "pipeline \(pipeline) has no run with number \(run)")
      }
      try session.announce(.pipeline, pipeline: pipeline)
    }
  }
}

extension PostgresSession {
  fileprivate func replays(_ condition: String, _ parameters: [PostgresValue]) throws -> [ReplayRecord] {
    try query("SELECT * FROM runs WHERE \(condition)", parameters).map(ReplayRecord.init)
  }

  fileprivate func replay(_ pipeline: Int64, _ run: RunID) throws -> ReplayRecord {
    guard
      let record = try replays("pipeline_id = $1 AND number = $2", [.int(pipeline), .integer(run.rawValue)]).first
    else { throw RegistryError(.notFound, "pipeline \(pipeline) has no run with number \(run)") }
    return record
  }
}
