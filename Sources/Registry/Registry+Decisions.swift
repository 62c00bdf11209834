public import Foundation
import Postgres
public import Rollouts
import Vocabulary

/// A row of the journal.
public struct DecisionRecord: Sendable, Hashable, Codable {
  public let id: Int64
  public let version: Int64
  public let from: VersionState
  public let to: VersionState
  public let rule: String
  /// Nil where there was no number; see `isObservedNonFinite`.
  public let observed: Double?
  /// Whether what was observed was NaN or infinite, which no column holds.
  public let isObservedNonFinite: Bool
  public let threshold: Double?
  public let window: String
  public let reason: String
  public let actor: String
  /// Of live requests, which a canary got by it; nil: what the state says.
  public let share: Double?
  /// JSON text.
  public let evidence: String
  public let decidedAt: Date

  init(_ row: PostgresRow) throws {
    id = try row.value("id")
    version = try row.value("version")
    from = try versionState(row, "from_state")
    to = try versionState(row, "to_state")
    rule = try row.value("rule")
    observed = try row.optional("observed")
    isObservedNonFinite = try row.value("observed_non_finite")
    threshold = try row.optional("threshold")
    window = try row.value("window_text")
    reason = try row.value("reason")
    actor = try row.value("actor")
    share = try row.optional("share")
    evidence = try row.value("evidence")
    decidedAt = try row.value("decided_at")
  }
}

extension Registry {
  /// Carries out decisions, all or none, in their order, and writes each into the journal with its evidence.
  ///
  /// - Parameters:
  ///   - evidence: JSON text; the whole of what the decisions stand on.
  ///   - lease: The controller's; a person acts without one.
  ///   - despiteFreeze: A person knows that promotion is frozen, and promotes all the same.
  /// - Throws: `conflict` when a version is no longer in the state decided from, another one is stable or canary, or promotion
  ///   was frozen meanwhile; `fenced` when the lease has passed to somebody else; `refused` for a transition that does not exist.
  public func apply(
    _ decisions: [RolloutDecision], evidence: String, pipeline: Int64, lease: LeaseToken?, despiteFreeze: Bool = false
  ) async throws {
    guard !decisions.isEmpty else { return }
    for decision in decisions
    where !decision.from.mayBecome(decision.to, byPerson: decision.actor != RolloutActor.controller.description) {
      throw RegistryError(.refused, "no version goes from \(decision.from.rawValue) to \(decision.to.rawValue)")
    }
    // Repeated after a lost reply, the batch is found in the journal.
    let batch = UUID().uuidString
    try await transaction { session in
      _ = try session.lockPipeline(pipeline)
      if try session.query("SELECT 1 FROM decisions WHERE batch = $1 LIMIT 1", [.text(batch)]).count > 0 { return }
      if let lease { try session.verify(lease, pipeline: pipeline) }
      // Whoever freezes takes the same lock: what it says holds for all that is not carried out by then.
      if !despiteFreeze, decisions.contains(where: \.promotes), let freeze = try session.freeze(pipeline: pipeline) {
        throw RegistryError(.conflict, "nothing is promoted, \(freeze.sentence)")
      }
      for decision in decisions {
        try session.carryOut(decision, pipeline: pipeline)
        try session.write(decision, evidence: evidence, pipeline: pipeline, lease: lease, batch: batch)
        try session.announce(.version, pipeline: pipeline, number: decision.version)
      }
    }
  }

  /// The journal, the newest first.
  ///
  /// - Parameter version: Only of this one; nil: of all.
  public func decisions(pipeline: Int64, version: Int64? = nil, limit: Int) async throws -> [DecisionRecord] {
    try await perform { session in
      try session.query(
        """
        SELECT * FROM decisions WHERE pipeline_id = $1 AND ($2::bigint IS NULL OR version = $2)
        ORDER BY id DESC LIMIT $3
        """, [.int(pipeline), .maybe(version), .integer(limit)]
      ).map(DecisionRecord.init)
    }
  }
}

extension PostgresSession {
  /// Moves the version if it is where the decision found it.
  fileprivate func carryOut(_ decision: RolloutDecision, pipeline: Int64) throws {
    let changed: PostgresRows
    do {
      changed = try query(
        """
        UPDATE versions SET state = $4, since = CASE WHEN state = $4 THEN since ELSE now() END,
          shared_since = CASE WHEN state = $4 AND share = $5 THEN shared_since ELSE now() END,
          live_before = CASE WHEN state = $4 AND share = $5 THEN live_before ELSE (
            SELECT coalesce(sum(live), 0)::bigint FROM server_outputs WHERE pipeline_id = $1 AND version = $2) END,
          share = $5,
          was_stable = was_stable OR $4 = 'stable', confirmed = confirmed OR $6,
          was_rolled_back = was_rolled_back OR $4 = 'rolled_back'
        WHERE pipeline_id = $1 AND number = $2 AND state = $3
          AND (state <> 'canary' OR $4 <> 'canary' OR share < $5)
        """,
        [
          .int(pipeline), .int(decision.version), .text(decision.from.rawValue), .text(decision.to.rawValue),
          .double(decision.shareInForce), .bool(decision.confirms),
        ])
    } catch let error as PostgresError where error.sqlState == "23505" {
      throw RegistryError(
        .conflict, "version \(decision.version) cannot become \(decision.to.rawValue): another one is", cause: error)
    }
    guard changed.affected == 1 else {
      throw RegistryError(.conflict, "version \(decision.version) is not \(decision.from.rawValue) any more")
    }
  }

  fileprivate func write(
    _ decision: RolloutDecision, evidence: String, pipeline: Int64, lease: LeaseToken?, batch: String
  ) throws {
    let observed = decision.observed
    try query(
      """
      INSERT INTO decisions (pipeline_id, version, from_state, to_state, rule, observed, observed_non_finite,
        threshold, window_text, reason, actor, evidence, lease_number, batch, share)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
      """,
      [
        .int(pipeline), .int(decision.version), .text(decision.from.rawValue), .text(decision.to.rawValue),
        .text(decision.rule), .maybe(observed?.ifFinite), .bool(observed.map { !$0.isFinite } ?? false),
        .maybe(decision.threshold?.ifFinite), .text(decision.window), .text(decision.reason), .text(decision.actor),
        .jsonText(evidence), .maybe(lease?.number), .text(batch), .maybe(decision.share),
      ])
  }
}
