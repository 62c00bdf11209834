import Postgres
import Vocabulary

/// The checkpoints from the one with number $1 back to the first, with their distance from it.
private let lineageTable = """
  WITH RECURSIVE lineage (id, parent_id, distance) AS (
    SELECT id, parent_id, 0 FROM checkpoints WHERE id = $1
    UNION ALL
    SELECT c.id, c.parent_id, l.distance + 1 FROM checkpoints c JOIN lineage l ON c.id = l.parent_id
  )
  """

extension PostgresSession {
  /// The first checkpoint first, with all that says whether its steps can be made again.
  func windows(leadingTo end: Int64) throws -> [LineageWindow] {
    let rows = try query(
      lineageTable + """
         SELECT l.id, l.parent_id, c.lineage, c.step, c.has_state AND c.non_finite_parameter IS NULL AS has_state, c.contract_id,
          c.ends_short, c.is_final, c.ledger_from, c.copy_of IS NOT NULL AS is_copy,
          b.number AS begins, p.*
        FROM lineage l JOIN checkpoints c ON c.id = l.id
        LEFT JOIN lineages b ON b.pipeline_id = c.pipeline_id AND b.first_checkpoint = c.id
        LEFT JOIN checkpoint_progress p ON p.checkpoint_id = l.id
        ORDER BY l.distance DESC, p.partition
        """, [.int(end)])
    var windows: [LineageWindow] = []
    for index in 0..<rows.count {
      let row = rows[index]
      let id: Int64 = try row.value("id")
      if windows.last?.checkpoint != id {
        windows.append(
          LineageWindow(
            checkpoint: id, parent: try row.optional("parent_id"), lineage: try row.value("lineage"),
            step: try row.value("step"), hasState: try row.value("has_state"),
            contract: try row.optional("contract_id"),
            endsShort: try row.optional("ends_short"), isFinal: try row.value("is_final"),
            ledgerFrom: try row.optional("ledger_from"), isCopy: try row.value("is_copy"),
            begins: try row.optional("begins")))
      }
      if try (row.optional("partition") as Int32?) != nil {
        windows[windows.count - 1].progress.append(try PartitionProgress(row))
      }
    }
    return windows
  }

  /// What the ledger has of each checkpoint of a lineage, by the checkpoint's number.
  func ledgerWindows(of end: Int64) throws -> [Int64: LedgerWindow] {
    var windows: [Int64: LedgerWindow] = [:]
    let steps = try query(
      lineageTable + """
         SELECT e.checkpoint_id, count(DISTINCT e.step) AS steps, min(e.step) AS first, max(e.step) AS last
        FROM ledger e JOIN lineage l ON l.id = e.checkpoint_id GROUP BY e.checkpoint_id
        """, [.int(end)])
    for index in 0..<steps.count {
      let row = steps[index]
      windows[try row.value("checkpoint_id")] = LedgerWindow(
        steps: try row.value("steps"), first: try row.value("first"), last: try row.value("last"))
    }
    let parts = try query(
      lineageTable + """
        , entries AS (
          SELECT e.*, lag(e.next_offset) OVER (
            PARTITION BY e.checkpoint_id, e.partition, e.stream ORDER BY e.step) AS expected
          FROM ledger e JOIN lineage l ON l.id = e.checkpoint_id
        )
        SELECT checkpoint_id, partition, stream, count(*) AS ranges,
          (array_agg(from_offset ORDER BY step))[1] AS from_offset,
          (array_agg(next_offset ORDER BY step DESC))[1] AS next_offset,
          count(*) FILTER (WHERE from_offset > expected) AS gaps,
          count(*) FILTER (WHERE from_offset < expected) AS overlaps,
          coalesce(sum(greatest(from_offset - expected, 0)), 0)::bigint AS lost,
          coalesce(sum(greatest(expected - from_offset, 0)), 0)::bigint AS duplicated,
          sum(trained)::bigint AS trained, sum(rejected)::bigint AS rejected
        FROM entries GROUP BY checkpoint_id, partition, stream
        """, [.int(end)])
    for index in 0..<parts.count {
      let row = parts[index]
      let tally = try LedgerTally(
        gaps: row.value("gaps"), overlaps: row.value("overlaps"), lost: row.value("lost"),
        duplicated: row.value("duplicated"))
      try windows[row.value("checkpoint_id"), default: LedgerWindow()].parts.append(
        LedgerWindow.Part(
          partition: row.value("partition"), stream: row.value("stream"), ranges: row.value("ranges"),
          from: row.value("from_offset"), next: row.value("next_offset"), tally: tally, trained: row.value("trained"),
          rejected: row.value("rejected")))
    }
    return windows
  }

  /// The ranges of some steps, by step and partition, and the checkpoints whose windows they are of.
  func ledger(of end: Int64, steps: ClosedRange<Int64>) throws -> (ranges: [StepRange], checkpoints: Set<Int64>) {
    let rows = try query(
      lineageTable + """
         SELECT e.* FROM ledger e JOIN lineage l ON l.id = e.checkpoint_id WHERE e.step BETWEEN $2 AND $3
        ORDER BY e.step, e.partition
        """, [.int(end), .int(steps.lowerBound), .int(steps.upperBound)])
    var (ranges, checkpoints): ([StepRange], Set<Int64>) = ([], [])
    for index in 0..<rows.count {
      let row = rows[index]
      checkpoints.insert(try row.value("checkpoint_id"))
      ranges.append(
        StepRange(
          step: try row.value("step"), partition: try row.value("partition"), from: try row.value("from_offset"),
          next: try row.value("next_offset"), trained: try row.value("trained"), rejected: try row.value("rejected"),
          stream: try row.value("stream")))
    }
    return (ranges, checkpoints)
  }

  func rejections(of checkpoint: Int64) throws -> [String: Int64] {
    let rows = try query(
      "SELECT reason, records FROM checkpoint_rejections WHERE checkpoint_id = $1", [.int(checkpoint)])
    return try Dictionary(
      uniqueKeysWithValues: rows.map { (try $0.value("reason") as String, try $0.value("records") as Int64) })
  }
}
