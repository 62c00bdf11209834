import Postgres
public import Vocabulary

extension Registry {
  /// Recomputes what became of every record of a lineage: of a version, of a checkpoint, or of a run's newest checkpoint.
  ///
  /// - Parameter ledger: Also hold every step's offset ranges against each other.
  /// - Throws: `notFound` for a version or checkpoint that is not one of the pipeline.
  public func audit(
    pipeline: Int64, run: RunID = .live, checkpoint: Int64? = nil, version: Int64? = nil, ledger: Bool = false
  ) async throws -> AuditReport {
    // One transaction with one view: a checkpoint saved meanwhile is in all of it or in none.
    try await transaction { session in
      try session.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
      var audit = LineageAudit(starts: try session.decidedStarts(pipeline))
      guard let end = try session.end(pipeline, run, checkpoint: checkpoint, version: version) else {
        return audit.report(checkpoint: nil, version: version, rejectedByReason: [:], ledger: nil)
      }
      let links = try session.windows(leadingTo: end)
      for link in links {
        audit.add(checkpoint: link.checkpoint, progress: link.progress, isBeginning: link.begins != nil)
        guard let lineage = link.begins else { continue }
        for record in try session.lineages("l.pipeline_id = $1 AND l.number = $2", [.int(pipeline), .integer(lineage)])
        {
          audit.note(record.sentence)
        }
      }
      if let note = try session.noteOnLineage(pipeline, end: end) { audit.note(note) }
      var entries: AuditReport.Ledger?
      if ledger {
        let windows = try session.ledgerWindows(of: end)
        var audit = LedgerAudit()
        for link in links { audit.add(link, windows[link.checkpoint]) }
        entries = audit.report
      }
      return audit.report(
        checkpoint: end, version: version, rejectedByReason: try session.rejections(of: end), ledger: entries)
    }
  }
}

extension PostgresSession {
  fileprivate func end(_ pipeline: Int64, _ run: RunID, checkpoint: Int64?, version: Int64?) throws -> Int64? {
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
      SELECT id FROM checkpoints WHERE pipeline_id = $1 AND run = $2 AND non_finite_parameter IS NULL
      ORDER BY lineage DESC, step DESC, id DESC LIMIT 1
      """, [.int(pipeline), .integer(run.rawValue)])
    return try rows.first?.value("id")
  }

  /// Where each partition of each stream was to begin, as far as that was decided before its first record.
  fileprivate func decidedStarts(_ pipeline: Int64) throws -> [Int: [Int32: Int64]] {
    let rows = try query(
      "SELECT stream, partition, start_offset FROM stream_starts WHERE pipeline_id = $1", [.int(pipeline)])
    var starts: [Int: [Int32: Int64]] = [:]
    for index in 0..<rows.count {
      starts[try rows[index].value("stream"), default: [:]][try rows[index].value("partition")] =
        try rows[index].value("start_offset")
    }
    return starts
  }

  /// That the lineage which ends with a checkpoint is not the one that is learned by now; nil: it is.
  fileprivate func noteOnLineage(_ pipeline: Int64, end: Int64) throws -> String? {
    let row = try query(
      """
      SELECT h.lineage AS now, c.lineage FROM checkpoints c
      JOIN run_heads h ON h.pipeline_id = c.pipeline_id AND h.run = c.run WHERE c.pipeline_id = $1 AND c.id = $2
      """, [.int(pipeline), .int(end)])[0]
    let (now, own): (Int, Int) = (try row.value("now"), try row.value("lineage"))
    return own < now ? "this is lineage \(own); the pipeline began anew since, with lineage \(now)" : nil
  }
}
