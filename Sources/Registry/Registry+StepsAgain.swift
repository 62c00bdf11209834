public import Foundation
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
  /// Records in the ranges that the lineage leaves out.
  public var leftOut = LeftOut.nothing
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
    var recorded = RecordedSteps(
      ranges: ranges, decisions: decisions, isWhole: known.count == steps.count && decisions.count == steps.count)
    recorded.leftOut = LeftOut(try await self.lineage(lineage, pipeline: pipeline)?.skips ?? [])
    return recorded
  }
}

/// A checkpoint as a link of what led to another: the steps after the link before, up to its own.
public struct LineageWindow: Sendable, Hashable {
  public let checkpoint: Int64
  public let parent: Int64?
  public let lineage: Int
  /// The last step of the window.
  public let step: Int64
  public let hasState: Bool
  public let contract: Int64?
  /// As in `Checkpoint`.
  public let endsShort: Bool?
  public let isFinal: Bool
  /// The first step of the window that the ledger has; nil: nobody knows.
  public let ledgerFrom: Int64?
  /// It only begins a lineage with another's state: nothing was learned in it.
  public let isCopy: Bool
  /// The lineage that it is the first of, going on from its parent's; nil: it goes on in its own.
  public let begins: Int?
  public internal(set) var progress: [PartitionProgress] = []

  package init(
    checkpoint: Int64, parent: Int64?, lineage: Int, step: Int64, hasState: Bool, contract: Int64?, endsShort: Bool?,
    isFinal: Bool, ledgerFrom: Int64?, isCopy: Bool = false, begins: Int? = nil,
    progress: [PartitionProgress] = []
  ) {
    (self.checkpoint, self.parent, self.lineage, self.step) = (checkpoint, parent, lineage, step)
    (self.hasState, self.contract, self.endsShort, self.isFinal) = (hasState, contract, endsShort, isFinal)
    (self.ledgerFrom, self.isCopy, self.begins, self.progress) = (ledgerFrom, isCopy, begins, progress)
  }
}

/// What the ledger has of a stretch of steps, in sum.
public struct LedgerExtent: Sendable, Hashable {
  public let steps: Int64
  /// Rows of the largest step at most.
  public let largestStep: Int
  public let records: Int64
  public let ranges: Int64
  public let streams: [Int]
}

extension Registry {
  /// The checkpoints that lead to one, the first first.
  public func windows(leadingTo end: Int64) async throws -> [LineageWindow] {
    try await bulkLink.perform(patience: max(patience, .seconds(60))) { try $0.windows(leadingTo: end) }
  }

  /// A lineage's newest checkpoint; nil: it has none at or after a step.
  public func newestCheckpoint(
    pipeline: Int64, run: RunID = .live, lineage: Int, atOrAfter step: Int64
  ) async throws -> Int64? {
    try await perform { session in
      try session.query(
        """
        SELECT id FROM checkpoints
        WHERE pipeline_id = $1 AND run = $2 AND lineage = $3 AND non_finite_parameter IS NULL AND step >= $4
        ORDER BY step DESC, id DESC LIMIT 1
        """, [.int(pipeline), .integer(run.rawValue), .integer(lineage), .int(step)]
      ).first?.value("id")
    }
  }

  /// When checkpoints were saved, by their numbers.
  public func checkpointTimes(_ ids: [Int64]) async throws -> [Int64: Date] {
    try await perform { session in
      let rows = try session.query("SELECT id, created_at FROM checkpoints WHERE id = ANY($1)", [.ints(ids)])
      return Dictionary(
        try rows.map { (try $0.value("id") as Int64, try $0.value("created_at") as Date) }
      ) { $1 }
    }
  }

  /// What one window's steps took from where, by step and partition.
  public func ledger(ofCheckpoint id: Int64) async throws -> [StepRange] {
    try await bulkLink.perform(patience: patience) { session in
      try session.query(
        "SELECT * FROM ledger WHERE checkpoint_id = $1 ORDER BY step, partition", [.int(id)]
      ).map { try StepRange($0) }
    }
  }

  /// In sum, what the ledger has of some windows' steps.
  public func ledgerExtent(ofCheckpoints ids: [Int64]) async throws -> LedgerExtent {
    try await bulkLink.perform(patience: max(patience, .seconds(60))) { session in
      let row = try session.query(
        """
        WITH steps AS (
          SELECT step, sum(trained + rejected)::bigint AS rows, count(*) AS ranges FROM ledger
          WHERE checkpoint_id = ANY($1) GROUP BY checkpoint_id, step)
        SELECT count(*) AS steps, coalesce(max(rows), 0)::bigint AS rows_max, coalesce(sum(rows), 0)::bigint AS records,
          coalesce(sum(ranges), 0)::bigint AS ranges FROM steps
        """, [.ints(ids)])[0]
      let streams = try session.query(
        "SELECT DISTINCT stream FROM ledger WHERE checkpoint_id = ANY($1) ORDER BY stream", [.ints(ids)]
      ).map { try $0.value("stream") as Int }
      return LedgerExtent(
        steps: try row.value("steps"), largestStep: Int(try row.value("rows_max") as Int64),
        records: try row.value("records"), ranges: try row.value("ranges"), streams: streams)
    }
  }
}

extension StepRange {
  init(_ row: PostgresRow) throws {
    self.init(
      step: try row.value("step"), partition: try row.value("partition"), from: try row.value("from_offset"),
      next: try row.value("next_offset"), trained: try row.value("trained"), rejected: try row.value("rejected"),
      stream: try row.value("stream"))
  }
}
