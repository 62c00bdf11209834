import Cryptography
import Evaluation
import Health
import Postgres
public import Vocabulary

extension Registry {
  /// The largest piece in which a state is stored.
  package static let chunkBytes = 8 << 20

  /// Saves a checkpoint in one transaction: visible means durable. Saving the same one again gives the same number, so a
  /// lost reply costs nothing.
  ///
  /// - Returns: The checkpoint's number.
  /// - Throws: `fenced` when the draft's generation or lineage is not the current one; `conflict` when its step is not beyond the
  ///   newest healthy checkpoint's, or another state is there for the same step; `refused` for a parent of another pipeline
  ///   or not before it.
  @discardableResult
  public func saveCheckpoint(_ draft: CheckpointDraft) async throws -> Int64 {
    try await bulkLink.perform(patience: patience) { session in
      let digests = StateDigests(draft)
      return try session.transaction { session in
        // Asked first without a lock: a fenced writer need not send its state.
        try session.verifyPipeline(of: draft)
        if let known = try session.savedBefore(draft, digests) { return known }
        try session.verifyLineage(draft)
        // A server that lets commits trail behind waits for this one.
        try session.query(
          """
          SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'
          """)
        let id = try session.insert(draft, digests)
        // The lock comes last, so that it is held for an instant, and what it guards is asked again under it.
        _ = try session.lock(draft.run, of: draft.pipeline)
        try session.verifyPipeline(of: draft)
        try session.verifyNewest(draft, but: id)
        try session.announce(.checkpoint, pipeline: draft.pipeline, number: id)
        return id
      }
    }
  }
}

extension Registry {
  /// The pipeline ended with a checkpoint that was saved before anybody knew that it would.
  ///
  /// - Parameter generation: The caller's; nil: nobody is at work.
  /// - Returns: Whether it did: not where a newer generation has begun, or the checkpoint is not the one to go on from.
  @discardableResult
  public func markFinal(checkpoint: Int64, generation: Generation?) async throws -> Bool {
    try await transaction { session in
      let rows = try session.query("SELECT pipeline_id, run FROM checkpoints WHERE id = $1", [.int(checkpoint)])
      guard let row = rows.first else { return false }
      let (pipeline, run): (Int64, Int) = (try row.value("pipeline_id"), try row.value("run"))
      let current = try session.lock(RunID(rawValue: run), of: pipeline)
      if let generation, generation != current { return false }
      let newest = try session.query(
        """
        SELECT id, is_final FROM checkpoints
        WHERE pipeline_id = $1 AND run = $2 AND has_state AND non_finite_parameter IS NULL
        ORDER BY lineage DESC, step DESC, id DESC LIMIT 1
        """, [.int(pipeline), .integer(run)])
      guard let row = newest.first, try row.value("id") == checkpoint else { return false }
      if try row.value("is_final") { return true }
      try session.query("UPDATE checkpoints SET is_final = true WHERE id = $1", [.int(checkpoint)])
      try session.announce(.checkpoint, pipeline: pipeline, number: checkpoint)
      return true
    }
  }
}

extension PostgresSession {
  /// Whether the writer belongs to what the pipeline is by now.
  fileprivate func verifyPipeline(of draft: CheckpointDraft) throws {
    let head = try head(of: draft.run, draft.pipeline)
    guard draft.generation == head.generation else {
      throw RegistryError(
        .fenced, "a checkpoint of generation \(draft.generation) comes after generation \(head.generation) began")
    }
    guard draft.lineage == head.lineage else {
      throw RegistryError(.fenced, "a checkpoint of lineage \(draft.lineage) comes after lineage \(head.lineage) began")
    }
  }

  /// The number of this very checkpoint, if an earlier call saved it.
  fileprivate func savedBefore(_ draft: CheckpointDraft, _ digests: StateDigests) throws -> Int64? {
    let rows = try query(
      """
      SELECT id, state_sha256, memory_sha256 FROM checkpoints
      WHERE pipeline_id = $1 AND run = $2 AND generation = $3 AND step = $4 AND lineage = $5
      """,
      [
        .int(draft.pipeline), .integer(draft.run.rawValue), .int(draft.generation.rawValue), .int(draft.step),
        .integer(draft.lineage),
      ])
    guard let row = rows.first else { return nil }
    guard try row.value("state_sha256") == digests.state, try row.optional("memory_sha256") == digests.memory else {
      throw RegistryError(.conflict, "another state was saved for step \(draft.step) of generation \(draft.generation)")
    }
    return try row.value("id")
  }

  fileprivate func verifyLineage(_ draft: CheckpointDraft) throws {
    if let parent = draft.parent {
      let rows = try query(
        "SELECT step FROM checkpoints WHERE pipeline_id = $1 AND id = $2", [.int(draft.pipeline), .int(parent)])
      guard let step = try rows.first?.value("step") as Int64? else {
        throw RegistryError(.refused, "checkpoint \(parent), the parent, is not one of this pipeline")
      }
      guard step < draft.step else {
        throw RegistryError(.refused, "step \(draft.step) does not come after step \(step) of its parent")
      }
    }
    try verifyNewest(draft, but: 0)
  }

  fileprivate func verifyNewest(_ draft: CheckpointDraft, but own: Int64) throws {
    let rows = try query(
      """
      SELECT step FROM checkpoints
      WHERE pipeline_id = $1 AND id <> $2 AND has_state AND non_finite_parameter IS NULL AND lineage = $3
      ORDER BY step DESC LIMIT 1
      """, [.int(draft.pipeline), .int(own), .integer(draft.lineage)])
    if let newest = try rows.first?.value("step") as Int64?, newest >= draft.step {
      throw RegistryError(.conflict, "step \(draft.step) is not beyond step \(newest) of the newest checkpoint")
    }
  }

  func insert(_ draft: CheckpointDraft, _ digests: StateDigests) throws -> Int64 {
    let id = try insertRow(draft, digests)
    let number = PostgresValue.int(id)
    for (place, start) in stride(from: 0, to: draft.state.count, by: Registry.chunkBytes).enumerated() {
      let end = min(start + Registry.chunkBytes, draft.state.count)
      try query(
        "INSERT INTO checkpoint_chunks (checkpoint_id, number, data) VALUES ($1, $2, $3)",
        [number, .integer(place), .slice(draft.state[start..<end])])
    }
    try insert(draft.progress, checkpoint: id)
    let rejected = draft.rejected.sorted { $0.key.index < $1.key.index }
    try query(
      """
      INSERT INTO checkpoint_rejections (checkpoint_id, reason, records)
      SELECT $1, * FROM unnest($2::text[], $3::bigint[])
      """, [number, .texts(rejected.map(\.key.rawValue)), .ints(rejected.map(\.value))])
    for (position, layer) in draft.health.enumerated() { try insertLayer(layer, position: position, checkpoint: id) }
    try insertLedger(draft.ledger, checkpoint: id)
    try insert(draft.decisions, checkpoint: id)
    if let sample = draft.sample { try insert(sample, checkpoint: id) }
    return id
  }

  func insert(_ progress: [PartitionProgress], checkpoint: Int64) throws {
    try query(
      """
      INSERT INTO checkpoint_progress
        (checkpoint_id, partition, start_offset, next_offset, trained, rejected, skipped, lost, stream, earlier)
      SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bigint[])
      """,
      [
        .int(checkpoint), .ints(progress.map { Int64($0.partition) }), .ints(progress.map(\.startOffset)),
        .ints(progress.map(\.nextOffset)), .ints(progress.map(\.trained)), .ints(progress.map(\.rejected)),
        .ints(progress.map(\.skipped)), .ints(progress.map(\.lost)), .ints(progress.map { Int64($0.stream) }),
        .ints(progress.map(\.earlier)),
      ])
  }

  private func insertRow(_ draft: CheckpointDraft, _ digests: StateDigests) throws -> Int64 {
    var metrics: [UInt8] = []
    draft.metrics.encode(into: &metrics)
    var window: [UInt8] = []
    draft.window.encode(into: &window)
    let comparison = draft.comparison.map { comparison in
      var bytes: [UInt8] = []
      comparison.encode(into: &bytes)
      return bytes
    }
    let fields = try draft.fields.map { try encodeJSON($0) }
    let lossWatch = try draft.lossWatch.map { try encodeJSON($0) }
    let stableWatch = try draft.stableWatch.map { try encodeJSON($0) }
    let frozen = try draft.frozen.map { try encodeJSON($0) }
    let heads = draft.heads.isEmpty ? nil : try encodeJSON(draft.heads)
    var costs: [UInt8] = []
    if !draft.costs.isEmpty { draft.costs.encode(into: &costs) }
    let contract = try draft.contract.map { try keepContract($0, pipeline: draft.pipeline) }
    let later: [PostgresValue] = [
      draft.endsShort.map { PostgresValue.bool($0) } ?? .null, .integer(draft.sickInRow),
    ]
    do {
      return try query(
        """
        INSERT INTO checkpoints (pipeline_id, generation, parent_id, step, state_bytes, state_sha256,
          parameters_digest, non_finite_parameter, is_final, metrics, records, mean_loss, auc,
          window_metrics, window_records, window_mean_loss, window_auc, comparison, compared_with, fields, seconds, heads,
          contract_id, lineage, ledger_from, run, memory, memory_sha256, loss_watch,
          stable_watch, layer_costs, frozen_scores, ends_short, sick_in_row)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
          $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)
        RETURNING id
        """,
        [
          .int(draft.pipeline), .int(draft.generation.rawValue), .maybe(draft.parent), .int(draft.step),
          .integer(draft.state.count), .bytes(digests.state), .text(draft.parametersDigest),
          .maybe(draft.nonFiniteParameter),
          .bool(draft.isFinal), .bytes(metrics), .int(draft.metrics.records), .maybe(draft.metrics.meanLoss?.ifFinite),
          .maybe(draft.metrics.auc?.ifFinite), .bytes(window), .int(draft.window.records),
          .maybe(draft.window.meanLoss?.ifFinite), .maybe(draft.window.auc?.ifFinite), .maybe(comparison),
          .maybe(draft.comparedWith), fields.map { .jsonText($0) } ?? .null, .maybe(draft.seconds?.ifFinite),
          heads.map { .jsonText($0) } ?? .null, .maybe(contract), .integer(draft.lineage),
          .maybe(draft.ledgerFrom), .integer(draft.run.rawValue), .maybe(draft.memory), .maybe(digests.memory),
          lossWatch.map { .jsonText($0) } ?? .null, stableWatch.map { .jsonText($0) } ?? .null,
          .maybe(costs.isEmpty ? nil : costs), frozen.map { .jsonText($0) } ?? .null,
        ] + later)[0].value("id")
    } catch let error as PostgresError where error.constraint == "one_checkpoint_a_step" {
      // An earlier call, thought lost, is just being committed: look again.
      throw PostgresError(.contention, error.message, sqlState: error.sqlState, constraint: error.constraint)
    }
  }

  private func insertLedger(_ ledger: [StepRange], checkpoint: Int64) throws {
    guard !ledger.isEmpty else { return }
    try query(
      """
      INSERT INTO ledger (checkpoint_id, step, partition, from_offset, next_offset, trained, rejected, stream)
      SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint[])
      """,
      [
        .int(checkpoint), .ints(ledger.map(\.step)), .ints(ledger.map { Int64($0.partition) }),
        .ints(ledger.map(\.from)), .ints(ledger.map(\.next)), .ints(ledger.map(\.trained)),
        .ints(ledger.map(\.rejected)), .ints(ledger.map { Int64($0.stream) }),
      ])
  }
}

/// By which a checkpoint that is saved again is known, and damage is found.
struct StateDigests: Sendable {
  let state: [UInt8]
  let memory: [UInt8]?

  init(_ draft: CheckpointDraft) {
    state = SHA256.digest(of: draft.state)
    memory = draft.memory.map { SHA256.digest(of: $0) }
  }
}
