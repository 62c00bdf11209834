import Postgres
import Vocabulary

extension Registry {
  /// Recomputes what became of every record of a lineage: of a version, of a checkpoint, or of the newest checkpoint.
  ///
  /// - Parameter ledger: Also hold every step's offset ranges against each other.
  /// - Throws: `notFound` for a version or checkpoint that is not one of the pipeline.
  public func audit(
    pipeline: Int64, checkpoint: Int64? = nil, version: Int64? = nil, ledger: Bool = false
  ) async throws -> AuditReport {
    // One transaction with one view: a checkpoint saved meanwhile is in all of it or in none.
    try await transaction { session in
      try session.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
      var audit = LineageAudit()
      guard let end = try session.end(pipeline, checkpoint: checkpoint, version: version) else {
        return audit.report(checkpoint: nil, version: version, rejectedByReason: [:], ledger: nil)
      }
      for link in try session.lineage(of: end) { audit.add(checkpoint: link.checkpoint, progress: link.progress) }
      return audit.report(
        checkpoint: end, version: version, rejectedByReason: try session.rejections(of: end),
        ledger: ledger ? try session.ledger(of: end) : nil)
    }
  }
}

/// The checkpoints from the one with number $1 back to the first, with their distance from it.
private let lineageTable = """
  WITH RECURSIVE lineage (id, parent_id, distance) AS (
    SELECT id, parent_id, 0 FROM checkpoints WHERE id = $1
    UNION ALL
    SELECT c.id, c.parent_id, l.distance + 1 FROM checkpoints c JOIN lineage l ON c.id = l.parent_id
  )
  """

extension PostgresSession {
  fileprivate func end(_ pipeline: Int64, checkpoint: Int64?, version: Int64?) throws -> Int64? {
    if let version {
      let rows = try query(
        "SELECT checkpoint_id FROM versions WHERE pipeline_id = $1 AND number = $2", [.int(pipeline), .int(version)])
      guard let row = rows.first else { throw RegistryError(.notFound, "there is no version \(version)") }
      return try row.value("checkpoint_id")
    }
    if let checkpoint {
      let rows = try query(
        "SELECT 1 FROM checkpoints WHERE pipeline_id = $1 AND id = $2", [.int(pipeline), .int(checkpoint)])
      guard rows.count == 1 else { throw RegistryError(.notFound, "there is no checkpoint \(checkpoint)") }
      return checkpoint
    }
    let rows = try query(
      """
      SELECT id FROM checkpoints WHERE pipeline_id = $1 AND non_finite_parameter IS NULL
      ORDER BY lineage DESC, step DESC, id DESC LIMIT 1
      """, [.int(pipeline)])
    return try rows.first?.value("id")
  }

  /// The first checkpoint first.
  fileprivate func lineage(of end: Int64) throws -> [(checkpoint: Int64, progress: [PartitionProgress])] {
    let rows = try query(
      lineageTable + """
         SELECT l.id, p.* FROM lineage l LEFT JOIN checkpoint_progress p ON p.checkpoint_id = l.id
        ORDER BY l.distance DESC, p.partition
        """, [.int(end)])
    var links: [(checkpoint: Int64, progress: [PartitionProgress])] = []
    for index in 0..<rows.count {
      let row = rows[index]
      let id: Int64 = try row.value("id")
      if links.last?.checkpoint != id { links.append((id, [])) }
      if try (row.optional("partition") as Int32?) != nil {
        links[links.count - 1].progress.append(try PartitionProgress(row))
      }
    }
    return links
  }

  fileprivate func rejections(of checkpoint: Int64) throws -> [String: Int64] {
    let rows = try query(
      "SELECT reason, records FROM checkpoint_rejections WHERE checkpoint_id = $1", [.int(checkpoint)])
    return try Dictionary(
      uniqueKeysWithValues: rows.map { (try $0.value("reason") as String, try $0.value("records") as Int64) })
  }

  fileprivate func ledger(of end: Int64) throws -> AuditReport.Ledger {
    let sums = try query(
      lineageTable + """
        , starts AS (
          -- Those of the end, and of streams before it.
          SELECT DISTINCT ON (p.partition, p.stream) p.partition, p.stream, p.start_offset
          FROM checkpoint_progress p JOIN lineage l ON l.id = p.checkpoint_id
          ORDER BY p.partition, p.stream, l.distance
        ), entries AS (
          SELECT e.*, coalesce(
            lag(e.next_offset) OVER (PARTITION BY e.partition, e.stream ORDER BY e.step), s.start_offset) AS expected
          FROM ledger e JOIN lineage l ON l.id = e.checkpoint_id
          LEFT JOIN starts s ON s.partition = e.partition AND s.stream = e.stream
        )
        SELECT count(DISTINCT step) AS steps, count(*) AS ranges,
          count(*) FILTER (WHERE from_offset > expected) AS gaps,
          count(*) FILTER (WHERE from_offset < expected) AS overlaps,
          coalesce(sum(greatest(from_offset - expected, 0)), 0)::bigint AS lost,
          coalesce(sum(greatest(expected - from_offset, 0)), 0)::bigint AS duplicated,
          coalesce(sum(trained), 0)::bigint AS trained, coalesce(sum(rejected), 0)::bigint AS rejected
        FROM entries
        """, [.int(end)])
    let strays = try query(
      lineageTable + """
        , entries AS (
          SELECT e.partition, max(e.next_offset) FILTER (WHERE e.stream = p.stream) AS next_offset,
            sum(e.trained) AS trained, sum(e.rejected) AS rejected
          FROM ledger e JOIN lineage l ON l.id = e.checkpoint_id
          LEFT JOIN checkpoint_progress p ON p.checkpoint_id = $1 AND p.partition = e.partition
          GROUP BY e.partition
        ), progress AS (SELECT * FROM checkpoint_progress WHERE checkpoint_id = $1)
        SELECT count(*) AS strays FROM progress p FULL JOIN entries e ON e.partition = p.partition
        WHERE coalesce(e.next_offset, p.start_offset) IS DISTINCT FROM p.next_offset
          OR coalesce(e.trained, 0) IS DISTINCT FROM p.trained OR coalesce(e.rejected, 0) IS DISTINCT FROM p.rejected
        """, [.int(end)])
    let row = sums[0]
    return try AuditReport.Ledger(
      steps: row.value("steps"), ranges: row.value("ranges"), gaps: row.value("gaps"), overlaps: row.value("overlaps"),
      lost: row.value("lost"), duplicated: row.value("duplicated"), trained: row.value("trained"),
      rejected: row.value("rejected"), agrees: strays[0].value("strays") as Int64 == 0)
  }
}
