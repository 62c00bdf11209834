import Postgres
public import Vocabulary

/// What all workers decided of one step: with its records, all that it was made of.
public struct StepDecision: Sendable, Hashable, Codable {
  public var step: Int64
  /// Whether the update was made; else the sum of the gradients was no number, and the step's records were rejected.
  public var isApplied: Bool
  /// Records with a label.
  public var records: Int64
  /// Sum of their weights: what the sum of the gradients was divided by.
  @JSONSafe public var weight: Double
  /// Sum of their losses, each times its weight; NaN where it was no number.
  @JSONSafe public var lossSum: Double
  /// Of the dense parameters, before corrections of the optimiser.
  @JSONSafe public var learningRate: Double
  /// What it was multiplied by because a rule of health asked for it.
  public var rateScale: Double
  /// Before clipping by norm; NaN where it was no number.
  @JSONSafe public var gradientNorm: Double
  public var wasClipped: Bool
  /// Valid records that were taken out of the step, by partition, then by offset.
  public var skips: [StepSkip]

  public init(
    step: Int64, isApplied: Bool, records: Int64, weight: Double, lossSum: Double, learningRate: Double,
    rateScale: Double = 1, gradientNorm: Double, wasClipped: Bool, skips: [StepSkip] = []
  ) {
    (self.step, self.isApplied, self.records, self.weight) = (step, isApplied, records, weight)
    (self.lossSum, self.learningRate, self.gradientNorm) = (lossSum, learningRate, gradientNorm)
    self.rateScale = rateScale
    (self.wasClipped, self.skips) = (wasClipped, skips)
  }

  /// A rule of health had it skipped: its sum was a number.
  public var isSkipped: Bool { !isApplied && gradientNorm.isFinite }
}

/// A valid record that was taken out of its step, and why.
public struct StepSkip: Sendable, Hashable, Codable {
  public let partition: Int32
  public let offset: Int64
  public let reason: RejectReason

  public init(partition: Int32, offset: Int64, reason: RejectReason) {
    (self.partition, self.offset, self.reason) = (partition, offset, reason)
  }
}

extension PostgresSession {
  /// Part of a checkpoint's transaction.
  func insert(_ decisions: [StepDecision], checkpoint: Int64) throws {
    guard !decisions.isEmpty else { return }
    try query(
      """
      INSERT INTO step_decisions
        (checkpoint_id, step, applied, records, weight, loss_sum, learning_rate, gradient_norm, clipped,
        rate_scale)
      SELECT $1, step, applied <> 0, records, weight::float8, nullif(loss_sum, '')::float8, learning_rate::float8,
        nullif(gradient_norm, '')::float8, clipped <> 0, nullif(rate_scale, '')::float8
      FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[],
        $10::text[]) AS d (step, applied, records, weight, loss_sum, learning_rate, gradient_norm, clipped, rate_scale)
      """,
      [
        .int(checkpoint), .ints(decisions.map(\.step)), .ints(decisions.map { $0.isApplied ? 1 : 0 }),
        .ints(decisions.map(\.records)), .texts(decisions.map { $0.weight.databaseText }),
        .texts(decisions.map { $0.lossSum.databaseText }), .texts(decisions.map { $0.learningRate.databaseText }),
        .texts(decisions.map { $0.gradientNorm.databaseText }), .ints(decisions.map { $0.wasClipped ? 1 : 0 }),
        .texts(decisions.map { $0.rateScale == 1 ? "" : $0.rateScale.databaseText }),
      ])
    let skips = decisions.flatMap { decision in decision.skips.map { (decision.step, $0) } }
    guard !skips.isEmpty else { return }
    try query(
      """
      INSERT INTO step_skips (checkpoint_id, step, partition, "offset", reason)
      SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
      """,
      [
        .int(checkpoint), .ints(skips.map(\.0)), .ints(skips.map { Int64($0.1.partition) }),
        .ints(skips.map(\.1.offset)), .texts(skips.map(\.1.reason.rawValue)),
      ])
  }
}

extension Double {
  /// As PostgreSQL reads it with every bit; what is no number stands for nothing.
  fileprivate var databaseText: String { isFinite ? "\(self)" : "" }
}

extension Registry {
  /// What was decided of the steps that the checkpoint's window holds, in their order; none without a ledger.
  public func decisions(ofCheckpoint id: Int64) async throws -> [StepDecision] {
    try await link.perform(patience: patience) { session in
      let skipped = try session.query(
        """
        SELECT step, partition, "offset", reason FROM step_skips WHERE checkpoint_id = $1
        ORDER BY step, partition, "offset"
        """, [.int(id)]
      ).map { row in
        let reason: String = try row.value("reason")
        return (
          step: try row.value("step") as Int64,
          skip: StepSkip(
            partition: try row.value("partition"), offset: try row.value("offset"),
            reason: RejectReason(rawValue: reason) ?? .nonFinite)
        )
      }
      let skips = Dictionary(grouping: skipped) { $0.step }.mapValues { $0.map(\.skip) }
      return try session.query(
        """
        SELECT step, applied, records, weight, loss_sum, learning_rate, gradient_norm, clipped, rate_scale FROM step_decisions
        WHERE checkpoint_id = $1 ORDER BY step
        """, [.int(id)]
      ).map { row in
        let step: Int64 = try row.value("step")
        return StepDecision(
          step: step, isApplied: try row.value("applied"), records: try row.value("records"),
          weight: try row.value("weight"), lossSum: try row.optional("loss_sum") ?? .nan,
          learningRate: try row.value("learning_rate"), rateScale: try row.optional("rate_scale") ?? 1,
          gradientNorm: try row.optional("gradient_norm") ?? .nan,
          wasClipped: try row.value("clipped"), skips: skips[step] ?? [])
      }
    }
  }
}
