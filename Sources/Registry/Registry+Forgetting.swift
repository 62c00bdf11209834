import Foundation
import Health
import Postgres
public import Vocabulary

/// What the tables still have of some records.
public struct RecordTraces: Sendable, Hashable, Codable {
  /// Values of them, as examples of what a field had, in incidents and in checkpoints' counts of fields.
  public var examples = 0
  /// Rows of them in samples of windows.
  public var sampledRows = 0
  /// Incidents that name them: where they lie, not what they held.
  public var incidents: [Int64] = []
  /// Checkpoints whose state was kept and has learned them.
  public var checkpoints: [Checkpoint] = []
  /// Of these and of those that were pruned, the versions.
  public var versions: [Version] = []

  public struct Checkpoint: Sendable, Hashable, Codable {
    public var checkpoint: Int64
    public var lineage: Int
    public var step: Int64
  }

  public struct Version: Sendable, Hashable, Codable {
    public var version: Int64
    public var state: String
    public var checkpoint: Int64
    /// It serves, or may come to: its weights are not taken away.
    public var isInPlay: Bool
  }

  public init() {}
}

extension Registry {
  /// What was forgotten of the topic that the live run reads: no lineage that begins after that learns it.
  public func forgotten(pipeline: Int64) async throws -> [OffsetStretch] {
    try await perform { try $0.forgotten(pipeline, stream: $0.head(of: .live, pipeline).stream) }
  }

  /// Records that the live run's lineage leaves out anyway, as after a rewind, are forgotten from now on.
  public func forget(_ records: [OffsetStretch], pipeline: Int64) async throws {
    try await transaction { session in
      _ = try session.lockPipeline(pipeline)
      try session.forget(records, pipeline, lineage: session.head(of: .live, pipeline).lineage)
    }
  }

  /// What the tables have of records that were learned, or, with `purges`, had: it is gone then, but for the states of versions that
  /// are in play.
  ///
  /// - Parameters:
  ///   - streams: Of the topic that the records lie in, as in `PartitionProgress`.
  public func traces(
    of records: LeftOut, topic: String, streams: [Int], pipeline: Int64, purges: Bool
  ) async throws -> RecordTraces {
    try await bulkLink.transaction(patience: max(patience, .seconds(120))) { session in
      var traces = RecordTraces()
      let mentions = RecordMentions(topic: topic, records)
      try session.examples(mentions, pipeline, purges: purges, &traces)
      try session.samples(records, streams, pipeline, purges: purges, &traces)
      traces.incidents = try session.incidents(naming: records, topic: topic, pipeline)
      try session.states(records, streams, pipeline, purges: purges, &traces)
      return traces
    }
  }
}

extension PostgresSession {
  fileprivate func examples(
    _ mentions: RecordMentions, _ pipeline: Int64, purges: Bool, _ traces: inout RecordTraces
  ) throws {
    for (table, column) in [("incidents", "details"), ("checkpoints", "fields")] {
      // One page after the other: counts of fields are large, and there are many.
      var last: Int64 = 0
      while true {
        let rows = try query(
          """
          SELECT id, \(column)::text AS text FROM \(table)
          WHERE pipeline_id = $1 AND id > $2 AND \(column) IS NOT NULL ORDER BY id LIMIT 500
          """, [.int(pipeline), .int(last)])
        for index in 0..<rows.count {
          last = try rows[index].value("id")
          guard let purged = mentions.purge(try rows[index].value("text")) else { continue }
          traces.examples += purged.count
          if purges {
            try query("UPDATE \(table) SET \(column) = $2 WHERE id = $1", [.int(last), .jsonText(purged.text)])
          }
        }
        if rows.count < 500 { break }
      }
    }
  }

  fileprivate func samples(
    _ records: LeftOut, _ streams: [Int], _ pipeline: Int64, purges: Bool, _ traces: inout RecordTraces
  ) throws {
    let rows = try query(
      """
      SELECT s.checkpoint_id FROM row_samples s JOIN checkpoints c ON c.id = s.checkpoint_id
      WHERE c.pipeline_id = $1 AND EXISTS (
        SELECT FROM checkpoint_progress p WHERE p.checkpoint_id = c.id AND p.stream = ANY($2))
      """, [.int(pipeline), .ints(streams.map(Int64.init))])
    for number in try rows.map({ try $0.value("checkpoint_id") as Int64 }) {
      guard
        let row = try query("SELECT sample FROM row_samples WHERE checkpoint_id = $1", [.int(number)]).first,
        let sample = unsafe try row.withBytes("sample", { unsafe try? RowSample(decoding: $0) })
      else { continue }
      let kept = sample.without { records.stretch(at: $0.offset, of: $0.partition) != nil }
      guard kept.count < sample.count else { continue }
      traces.sampledRows += sample.count - kept.count
      if purges {
        try query(
          "UPDATE row_samples SET sample = $2 WHERE checkpoint_id = $1", [.int(number), .bytes(kept.encoded())])
      }
    }
  }

  fileprivate func incidents(naming records: LeftOut, topic: String, _ pipeline: Int64) throws -> [Int64] {
    let all = records.all
    return try query(
      """
      SELECT DISTINCT i.id FROM incidents i JOIN incident_records r ON r.incident_id = i.id
      JOIN unnest($3::bigint[], $4::bigint[], $5::bigint[]) AS f (partition, from_offset, next_offset)
        ON r.partition = f.partition AND r.record_offset >= f.from_offset AND r.record_offset < f.next_offset
      WHERE i.pipeline_id = $1 AND r.topic = $2 ORDER BY i.id
      """,
      [
        .int(pipeline), .text(topic), .ints(all.map { Int64($0.partition) }), .ints(all.map(\.from)),
        .ints(all.map(\.next)),
      ]
    ).map { try $0.value("id") }
  }

  /// Whose steps took a record: a state from before it knows nothing of it, nor does one of a lineage that left it out.
  fileprivate func states(
    _ records: LeftOut, _ streams: [Int], _ pipeline: Int64, purges: Bool, _ traces: inout RecordTraces
  ) throws {
    let all = records.all
    let knowing = try query(
      """
      SELECT DISTINCT c.id, c.lineage, c.step, c.has_state, v.number, v.state,
        c.id IN (\(Registry.neededStates)) OR c.id IN (
          SELECT id FROM checkpoints WHERE pipeline_id = $1 AND has_state AND non_finite_parameter IS NULL
            AND lineage = (SELECT lineage FROM pipelines WHERE id = $1)
          ORDER BY step DESC, id DESC LIMIT 1) AS in_play
      FROM checkpoints c JOIN checkpoint_progress p ON p.checkpoint_id = c.id
      JOIN unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS f (partition, from_offset, next_offset)
        ON p.partition = f.partition AND p.next_offset > f.from_offset AND p.start_offset < f.next_offset
      LEFT JOIN versions v ON v.pipeline_id = c.pipeline_id AND v.checkpoint_id = c.id
      WHERE c.pipeline_id = $1 AND p.stream = ANY($5) AND NOT EXISTS (
        SELECT FROM lineage_skips s WHERE s.pipeline_id = c.pipeline_id AND s.lineage = c.lineage
          AND s.partition = f.partition AND s.from_offset <= f.from_offset AND s.next_offset >= f.next_offset)
      ORDER BY c.id
      """,
      [
        .int(pipeline), .ints(all.map { Int64($0.partition) }), .ints(all.map(\.from)), .ints(all.map(\.next)),
        .ints(streams.map(Int64.init)),
      ])
    var doomed: [Int64] = []
    for index in 0..<knowing.count {
      let row = knowing[index]
      let (id, isInPlay): (Int64, Bool) = (try row.value("id"), try row.value("in_play"))
      if try row.value("has_state") {
        traces.checkpoints.append(
          RecordTraces.Checkpoint(checkpoint: id, lineage: try row.value("lineage"), step: try row.value("step")))
        if !isInPlay { doomed.append(id) }
      }
      if let version: Int64 = try row.optional("number") {
        traces.versions.append(
          RecordTraces.Version(version: version, state: try row.value("state"), checkpoint: id, isInPlay: isInPlay))
      }
    }
    guard purges, !doomed.isEmpty else { return }
    try query("UPDATE checkpoints SET has_state = false, memory = NULL WHERE id = ANY($1)", [.ints(doomed)])
    try query("DELETE FROM checkpoint_chunks WHERE checkpoint_id = ANY($1)", [.ints(doomed)])
  }
}
