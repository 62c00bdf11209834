import Evaluation
import Foundation
import Postgres
public import Vocabulary

extension Registry {
  /// A run goes on from somewhere else: a lineage begins with its first checkpoint, which is there before any worker knows. What
  /// was learned before stays as it is, and its versions go on serving. A halt is over. Workers of the lineage before are fenced.
  ///
  /// - Parameter first: A state that was made outside of any worker, as if the lineage had learned it from its origin on: its
  ///   progress and counts are cumulative from there, its ledger and decisions those of the steps since. Its generation, lineage,
  ///   run and parent are not used. nil: the origin's own state.
  /// - Throws: `notFound` for a checkpoint that is not one of the pipeline; `refused` where its state was pruned, holds numbers
  ///   that are none, or its records would be learned twice.
  @discardableResult
  public func beginLineage(
    pipeline: Int64, run: RunID = .live, from origin: LineageOrigin, first: CheckpointDraft? = nil
  ) async throws -> LineageRecord {
    // Repeated after a lost reply, the lineage is found by it.
    let (batch, fence) = (UUID().uuidString, self.fence)
    return try await bulkLink.perform(patience: patience) { session in
      let digests = first.map { StateDigests($0) }
      return try session.transaction { session in
        _ = try session.lockPipeline(pipeline)
        if let fence { try session.verify(fence) }
        let known = try session.lineages("l.pipeline_id = $1 AND l.batch = $2", [.int(pipeline), .text(batch)]).first
        return try known ?? session.begin(origin, run, pipeline, batch: batch, first, digests)
      }
    }
  }

  /// How a lineage was begun; nil: from nothing, or before that was written down.
  public func lineage(_ number: Int, pipeline: Int64) async throws -> LineageRecord? {
    try await perform { session in
      try session.lineages("l.pipeline_id = $1 AND l.number = $2", [.int(pipeline), .integer(number)]).first
    }
  }

  /// The streams that read the same topic as one does, itself among them: an offset of one is the same record in each.
  public func streams(sharingTopicWith stream: Int, pipeline: Int64) async throws -> Set<Int> {
    try await perform { session in
      let rows = try session.query(
        """
        WITH own AS (SELECT coalesce(
          (SELECT topic FROM stream_topics WHERE pipeline_id = $1 AND stream = $2), $2::integer) AS topic)
        SELECT t.stream FROM stream_topics t JOIN own ON t.topic = own.topic WHERE t.pipeline_id = $1
        UNION SELECT topic FROM own UNION SELECT $2::integer
        """, [.int(pipeline), .integer(stream)])
      return Set(try rows.map { try $0.value("stream") as Int })
    }
  }
}

extension PostgresSession {
  /// As `Registry.beginLineage`, in a transaction.
  func begin(
    _ origin: LineageOrigin, _ run: RunID, _ pipeline: Int64, batch: String, _ first: CheckpointDraft? = nil,
    _ digests: StateDigests? = nil
  ) throws -> LineageRecord {
    let next = try nextNumbers(pipeline)
    _ = try lock(run, of: pipeline)
    let head = try self.head(of: run, pipeline)
    let known = try origin.checkpoint.map { try sound($0, pipeline, needsState: first == nil) }
    let read = run == .live ? head.stream : try self.head(of: .live, pipeline).stream
    let inherited =
      try (known.map { try skips(pipeline, lineage: $0.lineage) } ?? []) + forgotten(pipeline, stream: read)
      + (origin.kind == .rewind ? leftOut(upTo: head, pipeline) : [])
    let places = try LineagePlaces(
      origin, origin: first?.progress ?? known?.progress ?? [], present: present(head, pipeline),
      stream: next.stream, inherited: inherited)
    try beginReading(
      places, origin, head, pipeline, stream: next.stream, past: known?.progress.first?.stream)
    try turn(run, of: pipeline, to: next.lineage, stream: next.stream)
    if origin.kind == .takeOver, let known { try takeText(of: known.run, pipeline) }
    var checkpoint: Int64?
    if let first, let digests {
      checkpoint = try insertFirst(
        first, digests, places, origin, try self.head(of: run, pipeline), pipeline)
    } else if let known = origin.checkpoint {
      checkpoint = try copyFirst(of: known, places, try self.head(of: run, pipeline), pipeline)
    }
    try write(
      origin, next.lineage, run, pipeline, stream: next.stream, first: checkpoint, summary: places.summary,
      skips: places.skips, batch: batch)
    guard
      let record = try lineages(
        "l.pipeline_id = $1 AND l.number = $2", [.int(pipeline), .integer(next.lineage)]
      ).first
    else { throw RegistryError(.failed, "lineage \(next.lineage) is not there") }
    if run == .live { try tellBeginning(record, pipeline) }
    try announce(.pipeline, pipeline: pipeline)
    if let checkpoint { try announce(.checkpoint, pipeline: pipeline, number: checkpoint) }
    return record
  }

  private func write(
    _ origin: LineageOrigin, _ lineage: Int, _ run: RunID, _ pipeline: Int64, stream: Int, first: Int64?,
    summary: String, skips: [OffsetStretch], batch: String
  ) throws {
    try query(
      """
      INSERT INTO lineages (pipeline_id, number, run, stream, kind, origin, first_checkpoint, actor, reason, overrides,
        summary, batch)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
      """,
      [
        .int(pipeline), .integer(lineage), .integer(run.rawValue), .integer(stream),
        .text(origin.kind.rawValue), .maybe(origin.checkpoint), .maybe(first), .text(origin.actor),
        .text(origin.reason), .jsonText(try encodeJSON(origin.overrides)), .text(summary), .text(batch),
      ])
    try query(
      """
      INSERT INTO lineage_skips (pipeline_id, lineage, partition, from_offset, next_offset)
      SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[], $5::bigint[])
      """,
      [
        .int(pipeline), .integer(lineage), .ints(skips.map { Int64($0.partition) }),
        .ints(skips.map(\.from)), .ints(skips.map(\.next)),
      ])
    try forget(OffsetStretch.united(origin.forgets), pipeline, lineage: lineage)
  }

  /// What the lineage of a run and those it came from left out of the topic that it reads: going back further than to where that
  /// was decided does not learn it again.
  private func leftOut(upTo head: RunHead, _ pipeline: Int64) throws -> [OffsetStretch] {
    let topic = try topic(of: head.stream, pipeline)
    return OffsetStretch.united(
      try query(
        """
        WITH RECURSIVE line AS (
          SELECT number, stream, origin FROM lineages WHERE pipeline_id = $1 AND number = $2
          UNION SELECT l.number, l.stream, l.origin FROM line JOIN checkpoints c ON c.id = line.origin
          JOIN lineages l ON l.pipeline_id = $1 AND l.number = c.lineage)
        SELECT s.partition, s.from_offset, s.next_offset FROM line
        JOIN lineage_skips s ON s.pipeline_id = $1 AND s.lineage = line.number
        LEFT JOIN stream_topics t ON t.pipeline_id = $1 AND t.stream = line.stream
        WHERE coalesce(t.topic, line.stream) = $3
        """, [.int(pipeline), .integer(head.lineage), .integer(topic)]
      ).map(OffsetStretch.init))
  }

  /// What was forgotten of the topic that a stream reads: no lineage that begins after that learns it, wherever it begins.
  func forgotten(_ pipeline: Int64, stream: Int) throws -> [OffsetStretch] {
    let topic = try topic(of: stream, pipeline)
    return OffsetStretch.united(
      try query(
        """
        SELECT f.partition, f.from_offset, f.next_offset FROM forgotten_records f
        JOIN lineages l ON l.pipeline_id = f.pipeline_id AND l.number = f.lineage
        LEFT JOIN stream_topics t ON t.pipeline_id = l.pipeline_id AND t.stream = l.stream
        WHERE l.pipeline_id = $1 AND coalesce(t.topic, l.stream) = $2
        """, [.int(pipeline), .integer(topic)]
      ).map(OffsetStretch.init))
  }

  /// A lineage that leaves records out anyway has forgotten them from now on.
  func forget(_ records: [OffsetStretch], _ pipeline: Int64, lineage: Int) throws {
    try query(
      """
      INSERT INTO forgotten_records (pipeline_id, lineage, partition, from_offset, next_offset)
      SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[], $5::bigint[])
      ON CONFLICT (pipeline_id, lineage, partition, from_offset)
      DO UPDATE SET next_offset = greatest(forgotten_records.next_offset, excluded.next_offset)
      """,
      [
        .int(pipeline), .integer(lineage), .ints(records.map { Int64($0.partition) }),
        .ints(records.map(\.from)), .ints(records.map(\.next)),
      ])
  }

  /// Has a lineage that begins from nothing leave out what was forgotten of what the one before read.
  ///
  /// - Parameter stream: Of the lineage before.
  func leaveOutForgotten(_ pipeline: Int64, _ run: RunID, lineage: Int, stream: Int, before: Int) throws {
    let forgotten = try forgotten(pipeline, stream: before)
    guard !forgotten.isEmpty else { return }
    let origin = LineageOrigin(
      .anew, checkpoint: nil, skips: forgotten, forgets: forgotten, actor: "retrainctl", reason: "")
    let count = forgotten.reduce(0) { $0 + $1.count }
    try write(
      origin, lineage, run, pipeline, stream: stream, first: nil,
      summary: "every partition from where it begins, without \(count) offsets that were forgotten", skips: forgotten,
      batch: UUID().uuidString)
  }

  /// - Parameter condition: On `lineages` as `l`.
  func lineages(_ condition: String, _ parameters: [PostgresValue]) throws -> [LineageRecord] {
    let rows = try query("SELECT l.* FROM lineages l WHERE \(condition)", parameters)
    return try rows.map { row in
      try LineageRecord(row, skips: skips(row.value("pipeline_id"), lineage: row.value("number")))
    }
  }

  fileprivate func skips(_ pipeline: Int64, lineage: Int) throws -> [OffsetStretch] {
    try query(
      """
      SELECT partition, from_offset, next_offset FROM lineage_skips WHERE pipeline_id = $1 AND lineage = $2
      ORDER BY partition, from_offset
      """, [.int(pipeline), .integer(lineage)]
    ).map(OffsetStretch.init)
  }

  /// - Throws: `notFound`, `refused`: nothing can go on from it.
  fileprivate func sound(_ number: Int64, _ pipeline: Int64, needsState: Bool) throws -> CheckpointRecord {
    guard let known = try checkpoints("WHERE id = $1 AND pipeline_id = $2", [.int(number), .int(pipeline)]).first else {
      throw RegistryError(.notFound, "checkpoint \(number) is not one of this pipeline")
    }
    guard needsState else { return known }
    guard known.hasState else {
      throw RegistryError(.refused, "the state of checkpoint \(number) was pruned: nothing can go on from it")
    }
    if let layer = known.nonFiniteParameter {
      throw RegistryError(
        .refused, "checkpoint \(number) has parameters that are no numbers, in \(layer): nothing can go on from it")
    }
    return known
  }

  private func topic(of stream: Int, _ pipeline: Int64) throws -> Int {
    try query(
      "SELECT topic FROM stream_topics WHERE pipeline_id = $1 AND stream = $2", [.int(pipeline), .integer(stream)]
    ).first?.value("topic") ?? stream
  }

  /// A stream turns out to be of a topic, and so are those that share its own.
  private func unite(_ stream: Int, with topic: Int, _ pipeline: Int64) throws {
    let old = try self.topic(of: stream, pipeline)
    guard old != topic else { return }
    try query(
      "UPDATE stream_topics SET topic = $3 WHERE pipeline_id = $1 AND topic = $2",
      [.int(pipeline), .integer(old), .integer(topic)])
    try query(
      """
      INSERT INTO stream_topics (pipeline_id, stream, topic) SELECT $1, s, $3 FROM unnest($2::bigint[]) AS s
      ON CONFLICT (pipeline_id, stream) DO UPDATE SET topic = $3
      """, [.int(pipeline), .ints(Set([Int64(stream), Int64(old)]).sorted()), .integer(topic)])
  }

  /// The newest of a lineage that something can go on from; nil: there is none.
  func newestSound(_ pipeline: Int64, _ run: RunID, lineage: Int) throws -> CheckpointRecord? {
    try checkpoints(
      """
      WHERE pipeline_id = $1 AND run = $2 AND lineage = $3 AND has_state AND non_finite_parameter IS NULL
      ORDER BY step DESC, id DESC LIMIT 1
      """, [.int(pipeline), .integer(run.rawValue), .integer(lineage)]
    ).first
  }

  /// Where a run stands by its newest checkpoint, or where its partitions begin.
  fileprivate func present(_ head: RunHead, _ pipeline: Int64) throws -> [PartitionProgress] {
    var present: [Int32: PartitionProgress] = [:]
    for (partition, start) in try streamStarts(pipeline, head.stream) {
      present[partition] = PartitionProgress(partition: partition, startOffset: start, stream: head.stream)
    }
    let newest = try newestSound(pipeline, head.run, lineage: head.lineage)
    for entry in newest?.progress ?? [] where entry.stream == head.stream { present[entry.partition] = entry }
    return present.values.sorted { $0.partition < $1.partition }
  }

  /// The new stream begins where the lineage does, and is known by the records that its topic is known by.
  fileprivate func beginReading(
    _ places: LineagePlaces, _ origin: LineageOrigin, _ head: RunHead, _ pipeline: Int64, stream: Int, past: Int?
  ) throws {
    var starts = Dictionary(places.progress.map { ($0.partition, $0.startOffset) }) { first, _ in first }
    if origin.checkpoint == nil, case .at(let wanted) = origin.place { starts = wanted }
    try insertStarts(starts, pipeline, stream)
    // A topic of another name, or made anew, has marks of its own: only who says that it is the same takes them over.
    guard origin.isSameTopic || origin.checkpoint != nil else { return }
    // Runs beside the live one read what that reads.
    let read = head.run == .live ? head.stream : try self.head(of: .live, pipeline).stream
    let topic = try topic(of: read, pipeline)
    let numbers: [PostgresValue] = [.int(pipeline), .integer(stream), .integer(read)]
    try query(
      "INSERT INTO stream_topics (pipeline_id, stream, topic) VALUES ($1, $2, $3)",
      [.int(pipeline), .integer(stream), .integer(topic)])
    if origin.isSameTopic, let past { try unite(past, with: topic, pipeline) }
    try query(
      """
      INSERT INTO stream_marks (pipeline_id, stream, partition, record_offset, record_time, digest)
      SELECT pipeline_id, $2, partition, record_offset, record_time, digest FROM stream_marks
      WHERE pipeline_id = $1 AND stream = $3
      """, numbers)
  }

  /// The live run learns by the text that another has learned by.
  private func takeText(of run: RunID, _ pipeline: Int64) throws {
    try query(
      """
      UPDATE pipelines p SET specification = coalesce(r.specification, p.specification),
        work_fingerprint = CASE WHEN r.specification IS NULL THEN p.work_fingerprint ELSE r.work_fingerprint END
      FROM runs r WHERE p.id = $1 AND r.pipeline_id = p.id AND r.number = $2
      """, [.int(pipeline), .integer(run.rawValue)])
  }

  /// Of the live run nothing is halted any more.
  func turn(_ run: RunID, of pipeline: Int64, to lineage: Int, stream: Int) throws {
    let numbers: [PostgresValue] = [.int(pipeline), .integer(run.rawValue), .integer(lineage), .integer(stream)]
    try query(
      """
      UPDATE pipelines SET lineage = $3, stream = $4, halted = NULL, updated_at = now() WHERE id = $1 AND $2::int = 0
      """, numbers)
    if run == .live {
      for kind in ["halted", "rewind_asked"] { try closeTroubles(pipeline: pipeline, kind: kind) }
    }
    try query("UPDATE runs SET lineage = $3, stream = $4 WHERE pipeline_id = $1 AND number = $2", numbers)
  }

  /// The origin's state and counts, as the first of the lineage. Its window is empty: what was measured is the origin's.
  fileprivate func copyFirst(
    of origin: Int64, _ places: LineagePlaces, _ head: RunHead, _ pipeline: Int64
  ) throws -> Int64 {
    guard let known = try checkpoints("WHERE id = $1", [.int(origin)]).first else {
      throw RegistryError(.notFound, "checkpoint \(origin) is gone")
    }
    var window: [UInt8] = []
    known.emptyWindow.encode(into: &window)
    let id: Int64 = try query(
      """
      INSERT INTO checkpoints (pipeline_id, generation, parent_id, step, state_bytes, state_sha256, parameters_digest,
        metrics, records, mean_loss, auc, window_metrics, window_records, fields, heads, contract_id, lineage,
        ledger_from, run, memory, memory_sha256, loss_watch, stable_watch, frozen_scores, ends_short, sick_in_row, copy_of)
      SELECT pipeline_id, $2, id, step, state_bytes, state_sha256, parameters_digest, metrics, records, mean_loss, auc,
        $3, 0, fields, heads, contract_id, $4, step + 1, $5, memory, memory_sha256, loss_watch, stable_watch,
        frozen_scores, ends_short, sick_in_row, id
      FROM checkpoints WHERE id = $1 RETURNING id
      """,
      [
        .int(origin), .int(max(1, head.generation.rawValue)), .bytes(window), .integer(head.lineage),
        .integer(head.run.rawValue),
      ])[0].value("id")
    try query(
      """
      INSERT INTO checkpoint_chunks (checkpoint_id, number, data)
      SELECT $2, number, data FROM checkpoint_chunks WHERE checkpoint_id = $1
      """, [.int(origin), .int(id)])
    try query(
      """
      INSERT INTO checkpoint_rejections (checkpoint_id, reason, records)
      SELECT $2, reason, records FROM checkpoint_rejections WHERE checkpoint_id = $1
      """, [.int(origin), .int(id)])
    try insert(places.progress, checkpoint: id)
    return id
  }

  fileprivate func insertFirst(
    _ made: CheckpointDraft, _ digests: StateDigests, _ places: LineagePlaces, _ origin: LineageOrigin,
    _ head: RunHead, _ pipeline: Int64
  ) throws -> Int64 {
    let old = Dictionary(made.progress.map { ($0.partition, $0.stream) }) { first, _ in first }
    var draft = CheckpointDraft(
      pipeline: pipeline, generation: Generation(max(1, head.generation.rawValue)), parent: origin.checkpoint,
      made.checkpoint, state: made.state, health: made.health,
      ledger: made.ledger.map { range in
        StepRange(
          step: range.step, partition: range.partition, from: range.from, next: range.next, trained: range.trained,
          rejected: range.rejected,
          stream: old[range.partition] == range.stream ? head.stream : range.stream)
      }, contract: made.contract, lineage: head.lineage, run: head.run)
    draft.progress = places.progress
    draft.memory = made.memory
    draft.sample = made.sample
    draft.decisions = made.decisions
    draft.ledgerFrom = made.ledgerFrom
    return try insert(draft, digests)
  }

  /// Into the journal of what happened.
  fileprivate func tellBeginning(_ record: LineageRecord, _ pipeline: Int64) throws {
    var details = ["what": record.sentence, "kind": record.kind.rawValue, "by": record.actor]
    details["checkpoint"] = record.origin.map { String($0) }
    details["lineage"] = String(record.number)
    _ = try openIncident(
      pipeline: pipeline,
      IncidentDraft(
        key: "lineage \(record.number)", kind: "lineage_begun", severity: .notice,
        details: IncidentDraft.details(details)))
  }
}

extension OffsetStretch {
  fileprivate init(_ row: PostgresRow) throws {
    self.init(
      partition: try row.value("partition"), from: try row.value("from_offset"), next: try row.value("next_offset"))
  }
}

extension CheckpointRecord {
  fileprivate var emptyWindow: StreamMetrics { StreamMetrics(task: checkpoint.metrics.task) }
}
