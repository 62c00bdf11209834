public import Foundation
import Postgres
public import Vocabulary

/// What a pipeline is to be doing.
public enum DesiredState: String, Sendable, Hashable, Codable, CaseIterable {
  case running, paused, stopped
}

/// A pipeline as the registry knows it.
public struct PipelineRecord: Sendable, Hashable, Codable {
  public let id: Int64
  public let name: String
  /// The YAML text as written, secrets unexpanded.
  public let specification: String
  public let desiredState: DesiredState
  public let desiredWorkers: Int
  /// When to end by itself, as `start --until` takes it; nil: never.
  public let until: String?
  /// Why nothing is learned any more; nil while all is well.
  public let halted: String?
  /// The current generation; zero before the first.
  public let generation: Generation
  /// Which topic of its name is learned: one more each time that it was made anew, or that a lineage begins.
  public let stream: Int
  /// Which model is learned: one more each time that the pipeline began anew.
  public let lineage: Int
  /// The digest of all that its workers have to agree on; nil: any goes.
  public let workFingerprint: String?
  /// Whether this run goes on behind what the broker has removed, whatever the specification says.
  public let skipsLost: Bool
  /// What the learning rate is multiplied by, while a health rule has it lowered; 0 … 1.
  public let rateScale: Double
  /// The newest checkpoint whose window rules of health were held against; nil: none yet.
  public let healthSeen: Int64?
  public let createdAt: Date
  public let updatedAt: Date

  init(_ row: PostgresRow) throws {
    id = try row.value("id")
    name = try row.value("name")
    specification = try row.value("specification")
    let state: String = try row.value("desired_state")
    guard let state = DesiredState(rawValue: state) else {
      throw RegistryError(.damaged, "a pipeline is in the unknown state \(state)")
    }
    desiredState = state
    desiredWorkers = try row.value("desired_workers")
    until = try row.optional("until")
    halted = try row.optional("halted")
    generation = Generation(try row.value("generation"))
    stream = try row.value("stream")
    lineage = try row.value("lineage")
    workFingerprint = try row.optional("work_fingerprint")
    skipsLost = try row.value("skips_lost")
    rateScale = try row.value("rate_scale")
    healthSeen = try row.optional("health_seen")
    createdAt = try row.value("created_at")
    updatedAt = try row.value("updated_at")
  }
}

extension Registry {
  /// Adds a pipeline, or takes over one of the same name with a new specification: it is to run, and is not halted.
  ///
  /// - Parameter workFingerprint: The digest of all that workers have to agree on; nil: any goes.
  public func register(
    pipeline name: String, specification: String, desiredWorkers: Int, until: String?, skipsLost: Bool = false,
    workFingerprint: String? = nil
  ) async throws -> PipelineRecord {
    try await transaction { session in
      let rows = try session.query(
        """
        INSERT INTO pipelines (name, specification, desired_workers, until, skips_lost, work_fingerprint)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (name) DO UPDATE SET specification = EXCLUDED.specification, desired_state = 'running',
          desired_workers = EXCLUDED.desired_workers, until = EXCLUDED.until, skips_lost = EXCLUDED.skips_lost,
          work_fingerprint = EXCLUDED.work_fingerprint, halted = NULL, updated_at = now()
        RETURNING *
        """,
        [
          .text(name), .text(specification), .integer(desiredWorkers), .maybe(until), .bool(skipsLost),
          .maybe(workFingerprint),
        ])
      let record = try PipelineRecord(rows[0])
      try session.closeTroubles(pipeline: record.id, kind: "halted")
      try session.announce(.pipeline, pipeline: record.id)
      return record
    }
  }

  public func pipeline(named name: String) async throws -> PipelineRecord? {
    try await perform { session in
      try session.query("SELECT * FROM pipelines WHERE name = $1", [.text(name)]).first.map(PipelineRecord.init)
    }
  }

  public func pipeline(_ id: Int64) async throws -> PipelineRecord? {
    try await perform { session in
      try session.query("SELECT * FROM pipelines WHERE id = $1", [.int(id)]).first.map(PipelineRecord.init)
    }
  }

  /// Every pipeline, by name.
  public func pipelines() async throws -> [PipelineRecord] {
    try await perform { try $0.query("SELECT * FROM pipelines ORDER BY name").map(PipelineRecord.init) }
  }

  public func setDesiredState(_ state: DesiredState, pipeline: Int64) async throws {
    try await change(
      pipeline, "UPDATE pipelines SET desired_state = $2, updated_at = now() WHERE id = $1", .text(state.rawValue))
  }

  /// When to end by itself, as `start --until` takes it; nil: never.
  public func setUntil(_ until: String?, pipeline: Int64) async throws {
    try await change(pipeline, "UPDATE pipelines SET until = $2, updated_at = now() WHERE id = $1", .maybe(until))
  }

  /// Rules of health were held against the window of a checkpoint, and against all before it.
  public func noteHealthSeen(_ checkpoint: Int64, pipeline: Int64) async throws {
    try await change(pipeline, "UPDATE pipelines SET health_seen = $2 WHERE id = $1", .int(checkpoint))
  }

  /// What the learning rate is multiplied by from now on, because of a window that is seen with it: both or neither.
  ///
  /// - Parameters:
  ///   - scale: Above 0, at most 1.
  ///   - draft: The incident, until the rate is another one; nil: the rate is what it was again.
  public func setRateScale(
    _ scale: Double, because draft: IncidentDraft?, kind: String, window checkpoint: Int64, pipeline: Int64
  ) async throws {
    try await transaction { session in
      _ = try session.lockPipeline(pipeline)
      try session.query(
        "UPDATE pipelines SET rate_scale = $2, health_seen = $3 WHERE id = $1",
        [.int(pipeline), .double(scale), .int(checkpoint)])
      try session.closeTroubles(pipeline: pipeline, kind: kind)
      if let draft { _ = try session.openTrouble(pipeline: pipeline, draft) }
    }
  }

  public func setDesiredWorkers(_ count: Int, pipeline: Int64) async throws {
    try await change(
      pipeline, "UPDATE pipelines SET desired_workers = $2, updated_at = now() WHERE id = $1", .integer(count))
  }

  /// Says why nothing is learned any more, which is an incident until somebody starts the pipeline again. The first reason stays.
  public func halt(pipeline: Int64, reason: String) async throws {
    try await transaction { session in
      _ = try session.lockPipeline(pipeline)
      try session.query(
        "UPDATE pipelines SET halted = coalesce(halted, $2), updated_at = now() WHERE id = $1",
        [.int(pipeline), .text(reason)])
      _ = try session.openTrouble(
        pipeline: pipeline,
        IncidentDraft(kind: "halted", severity: .error, details: IncidentDraft.details(["reason": reason])))
      try session.announce(.pipeline, pipeline: pipeline)
    }
  }

  /// Removes a pipeline with everything it remembers.
  public func deletePipeline(_ id: Int64) async throws {
    try await perform { _ = try $0.query("DELETE FROM pipelines WHERE id = $1", [.int(id)]) }
  }

  private func change(_ pipeline: Int64, _ sql: String, _ value: PostgresValue) async throws {
    try await transaction { session in
      guard try session.query(sql, [.int(pipeline), value]).affected == 1 else {
        throw RegistryError(.notFound, "there is no pipeline with number \(pipeline)")
      }
      try session.announce(.pipeline, pipeline: pipeline)
    }
  }
}
