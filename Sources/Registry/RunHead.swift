public import Foundation
import Postgres
public import Vocabulary

/// Where one of a pipeline's runs is.
public struct RunHead: Sendable, Hashable, Codable {
  public let run: RunID
  /// `live`, or what it was begun as.
  public let name: String
  /// The current generation; zero before the first.
  public let generation: Generation
  /// Which model it learns.
  public let lineage: Int
  /// Which reading of the topic it follows, as in `PartitionProgress`.
  public let stream: Int
  /// The digest of all that its workers have to agree on; nil: any goes.
  public let workFingerprint: String?
  public let begunAt: Date

  init(_ row: PostgresRow) throws {
    run = RunID(rawValue: try row.value("run"))
    name = try row.value("name")
    generation = Generation(try row.value("generation"))
    lineage = try row.value("lineage")
    stream = try row.value("stream")
    workFingerprint = try row.optional("work_fingerprint")
    begunAt = try row.value("begun_at")
  }
}

extension Registry {
  /// Every run of a pipeline, the live one first.
  public func runs(pipeline: Int64) async throws -> [RunHead] {
    try await perform { session in
      try session.query("SELECT * FROM run_heads WHERE pipeline_id = $1 ORDER BY run", [.int(pipeline)])
        .map(RunHead.init)
    }
  }

  /// Begins a further run: a model without a past, which reads the topic for itself. What the others have stays as it is.
  ///
  /// - Parameters:
  ///   - name: As `replay`; no other run of the pipeline has it.
  ///   - workFingerprint: The digest of all that its workers have to agree on; nil: any goes.
  /// - Throws: `conflict` where a run has the name already.
  public func beginRun(
    pipeline: Int64, name: String, workFingerprint: String? = nil
  ) async throws -> RunHead {
    try await transaction { session in
      let next = try session.nextNumbers(pipeline)
      let known = try session.query(
        "SELECT 1 FROM run_heads WHERE pipeline_id = $1 AND name = $2", [.int(pipeline), .text(name)])
      guard known.count == 0 else { throw RegistryError(.conflict, "the pipeline has a run '\(name)' already") }
      try session.query(
        """
        INSERT INTO runs (pipeline_id, number, name, lineage, stream, work_fingerprint)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        [
          .int(pipeline), .integer(next.run), .text(name), .integer(next.lineage), .integer(next.stream),
          .maybe(workFingerprint),
        ])
      return try session.head(of: RunID(rawValue: next.run), pipeline)
    }
  }

  /// The run begins anew: a model without a past, from the topic's first record, or its end where the file says so. What was
  /// learned before stays as it is, and its versions go on serving. What was forgotten of the topic stays forgotten.
  ///
  /// - Parameter isSameTopic: The topic of now is the one that was learned from, or nobody can say; else nothing is left out of it.
  /// - Returns: The number of the new lineage.
  @discardableResult
  public func beginLineage(pipeline: Int64, run: RunID = .live, isSameTopic: Bool = true) async throws -> Int {
    try await transaction { session in
      let next = try session.nextNumbers(pipeline)
      let before = try session.head(of: run, pipeline).stream
      try session.turn(run, of: pipeline, to: next.lineage, stream: next.stream)
      if isSameTopic {
        try session.leaveOutForgotten(pipeline, run, lineage: next.lineage, stream: next.stream, before: before)
      }
      try session.announce(.pipeline, pipeline: pipeline)
      return try session.head(of: run, pipeline).lineage
    }
  }
}

extension PostgresSession {
  /// - Throws: `notFound` where there is no such pipeline, or run of it.
  func head(of run: RunID, _ pipeline: Int64) throws -> RunHead {
    let rows = try query(
      "SELECT * FROM run_heads WHERE pipeline_id = $1 AND run = $2", [.int(pipeline), .integer(run.rawValue)])
    if let row = rows.first { return try RunHead(row) }
    throw RegistryError(
      .notFound,
      run == .live
        ? "there is no pipeline with number \(pipeline)" : "pipeline \(pipeline) has no run with number \(run)")
  }

  /// Takes the run's row until the transaction ends: whoever changes its generation or newest checkpoint does so one after
  /// the other.
  ///
  /// - Returns: The current generation.
  func lock(_ run: RunID, of pipeline: Int64) throws -> Generation {
    guard run != .live else { return try lockPipeline(pipeline) }
    try query(
      "SELECT 1 FROM runs WHERE pipeline_id = $1 AND number = $2 FOR NO KEY UPDATE",
      [.int(pipeline), .integer(run.rawValue)])
    return try head(of: run, pipeline).generation
  }

  func set(_ generation: Generation, of run: RunID, _ pipeline: Int64) throws {
    let values: [PostgresValue] = [.int(pipeline), .integer(run.rawValue), .int(generation.rawValue)]
    try query("UPDATE pipelines SET generation = $3 WHERE id = $1 AND $2::int = 0", values)
    try query("UPDATE runs SET generation = $3 WHERE pipeline_id = $1 AND number = $2", values)
  }

  /// What no run of the pipeline has had yet; nobody else takes it before the transaction ends.
  func nextNumbers(_ pipeline: Int64) throws -> (run: Int, lineage: Int, stream: Int) {
    _ = try lockPipeline(pipeline)
    let row = try query(
      """
      SELECT max(run) + 1 AS run, max(lineage) + 1 AS lineage, max(stream) + 1 AS stream FROM run_heads
      WHERE pipeline_id = $1
      """, [.int(pipeline)])[0]
    return try (row.value("run"), row.value("lineage"), row.value("stream"))
  }
}
