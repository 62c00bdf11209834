import Postgres
public import Vocabulary

/// Steps of a lineage as the tables have them, to make them again.
public struct RecordedSteps: Sendable {
  /// By step, then by partition.
  public let ranges: [StepRange]
  /// By step.
  public let decisions: [Int64: StepDecision]
  /// The parts of the steps that are asked for are all there.
  public let isWhole: Bool
}

extension Registry {
  /// The lineage in which an incident happened: as it says, or else as the lineage says that had begun last; nil: nobody knows.
  public func lineage(ofIncident id: Int64) async throws -> Int? {
    try await perform { session in
      try session.query(
        """
        SELECT coalesce(
          (i.details->>'lineage')::integer,
          (SELECT substr(b.key, 9)::integer FROM incidents b
           WHERE b.pipeline_id = i.pipeline_id AND b.kind = 'lineage_begun' AND b.key LIKE 'lineage %' AND b.id < i.id
           ORDER BY b.id DESC LIMIT 1),
          (SELECT min(c.lineage) FROM checkpoints c WHERE c.pipeline_id = i.pipeline_id AND c.run = 0)) AS lineage
        FROM incidents i WHERE i.id = $1
        """, [.int(id)]
      ).first?.optional("lineage")
    }
  }

  /// Of the checkpoints of a lineage whose state is kept, the newest at or before a step; where there is none, the oldest
  /// after it.
  public func checkpoint(
    pipeline: Int64, run: RunID = .live, lineage: Int, near step: Int64
  ) async throws -> CheckpointRecord? {
    let found: Int64? = try await perform { session in
      try session.query(
        """
        SELECT id FROM checkpoints
        WHERE pipeline_id = $1 AND run = $2 AND lineage = $3 AND has_state AND non_finite_parameter IS NULL
        ORDER BY step > $4, abs(step - $4), id DESC LIMIT 1
        """, [.int(pipeline), .integer(run.rawValue), .integer(lineage), .int(step)]
      ).first?.value("id")
    }
    guard let found else { return nil }
    return try await checkpoint(found)
  }

  /// What a lineage took from its partitions in some steps, and what was decided of them, along the checkpoints that lead to
  /// its newest one.
  ///
  /// - Parameter steps: As the ledger numbers them: the first step is 1.
  public func recordedSteps(
    pipeline: Int64, run: RunID = .live, lineage: Int, steps: ClosedRange<Int64>
  ) async throws -> RecordedSteps {
    let (ranges, checkpoints) = try await perform { session in
      let end: Int64? = try session.query(
        """
        SELECT id FROM checkpoints
        WHERE pipeline_id = $1 AND run = $2 AND lineage = $3 AND non_finite_parameter IS NULL
        ORDER BY step DESC, id DESC LIMIT 1
        """, [.int(pipeline), .integer(run.rawValue), .integer(lineage)]
      ).first?.value("id")
      return try end.map { try session.ledger(of: $0, steps: steps) } ?? ([], [])
    }
    var decisions: [Int64: StepDecision] = [:]
    for checkpoint in checkpoints {
      for decision in try await self.decisions(ofCheckpoint: checkpoint) where steps.contains(decision.step) {
        decisions[decision.step] = decision
      }
    }
    let known = Set(ranges.map(\.step))
    return RecordedSteps(
      ranges: ranges, decisions: decisions, isWhole: known.count == steps.count && decisions.count == steps.count)
  }
}
