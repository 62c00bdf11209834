import Postgres
public import Vocabulary

/// To which checkpoint a run goes back, and which stretch of the stream did the harm.
public struct RewindPlan: Sendable, Hashable {
  /// The newest before the harm whose state is kept and finite.
  public let origin: CheckpointRecord
  /// From where the harm began to where it ended, by partition.
  public let stretch: [OffsetStretch]
  /// What says so.
  public let because: String
}

/// What says when the harm began.
public enum RewindTarget: Sendable, Hashable {
  /// The oldest incident of health that is open, or the halt.
  case harm
  /// With the first record after this checkpoint.
  case checkpoint(Int64)
  /// With these offsets, of these partitions.
  case before([Int32: Int64])
  /// So many steps ago.
  case steps(Int64)
}

extension Registry {
  /// Works out where the live run would go back to; changes nothing.
  ///
  /// - Parameter end: Where the harm ended, by partition; nil: where training stands by its newest checkpoint.
  /// - Throws: `refused` where nothing says when the harm began, or nothing from before it is kept; each with the ways on.
  public func rewindPlan(
    pipeline: Int64, to target: RewindTarget, until end: [Int32: Int64]? = nil
  ) async throws -> RewindPlan {
    try await perform { session in
      try session.rewindPlan(pipeline, target, end)
    }
  }

  /// How often lineages were begun one way of late, and when last.
  public func lineages(
    pipeline: Int64, kind: LineageOrigin.Kind, actor: String, within: Duration
  ) async throws -> [LineageRecord] {
    try await perform { session in
      try session.lineages(
        """
        l.pipeline_id = $1 AND l.kind = $2 AND l.actor = $3 AND l.begun_at > now() - make_interval(secs => $4)
        ORDER BY l.number DESC
        """, [.int(pipeline), .text(kind.rawValue), .text(actor), .double(within.seconds)])
    }
  }
}

extension PostgresSession {
  fileprivate func rewindPlan(
    _ pipeline: Int64, _ target: RewindTarget, _ end: [Int32: Int64]?
  ) throws -> RewindPlan {
    let head = try head(of: .live, pipeline)
    guard let newest = try newestSound(pipeline, .live, lineage: head.lineage) else {
      throw RegistryError(.refused, "nothing was learned yet: there is nothing to go back to")
    }
    let links = try windows(leadingTo: newest.id)
    let (last, because) = try lastGood(links, newest, target, pipeline)
    guard last >= 0 else {
      throw RegistryError(.refused, "\(because), in the first window of all: there is nothing before it to go back to")
    }
    let ids = links[...last].map(\.checkpoint)
    let kept = try checkpoints(
      """
      WHERE id = ANY($1) AND has_state AND non_finite_parameter IS NULL ORDER BY step DESC, id DESC LIMIT 1
      """, [.ints(ids)]
    ).first
    guard let origin = kept else {
      throw RegistryError(
        .refused,
        "\(because), and of all checkpoints before it the states were pruned: those of the newest `checkpoint.keep` are kept, "
          + "and of versions that serve or served; 'restore --version N' goes on from one of these")
    }
    var starts = Dictionary(links[last].progress.map { ($0.partition, $0.nextOffset) }) { first, _ in first }
    if case .before(let offsets) = target { starts = offsets }
    let known = Dictionary(origin.progress.map { ($0.partition, $0.nextOffset) }) { first, _ in first }
    let now = Dictionary(newest.progress.map { ($0.partition, $0.nextOffset) }) { first, _ in first }
    var stretch: [OffsetStretch] = []
    for (partition, next) in (end ?? now).sorted(by: { $0.key < $1.key }) {
      let from = starts[partition] ?? (end == nil ? next : known[partition] ?? next)
      if next > from { stretch.append(OffsetStretch(partition: partition, from: from, next: next)) }
    }
    return RewindPlan(origin: origin, stretch: OffsetStretch.united(stretch), because: because)
  }

  /// The place of the last link from before the harm, −1: there is none; and what says so.
  private func lastGood(
    _ links: [LineageWindow], _ newest: CheckpointRecord, _ target: RewindTarget, _ pipeline: Int64
  ) throws -> (Int, String) {
    func place(_ checkpoint: Int64) -> Int? { links.firstIndex { $0.checkpoint == checkpoint } }
    switch target {
    case .harm:
      let open = try incidents(
        "WHERE pipeline_id = $1 AND is_trouble AND closed_at IS NULL AND kind = ANY($2) AND severity <> 'notice' ORDER BY id",
        [.int(pipeline), .texts(HealthRule.allCases.map(\.rawValue))])
      let first = open.compactMap { incident in
        incident.facts["checkpoint"].flatMap { Int64($0) }.flatMap(place).map { (place: $0, incident: incident) }
      }.min { $0.place < $1.place }
      if let first {
        return (first.place - 1, "incident \(first.incident.id) (\(first.incident.kind)) says when the harm began")
      }
      let row = try query("SELECT halted FROM pipelines WHERE id = $1", [.int(pipeline)])[0]
      if let halted: String = try row.optional("halted") {
        return (links.count - 1, "it was halted after its newest checkpoint: \(halted)")
      }
      throw RegistryError(
        .refused,
        "nothing says when the harm began: no incident of health is open, and it is not halted; say it with --to CHECKPOINT, "
          + "--before PARTITION:OFFSET,… or --steps N")
    case .checkpoint(let id):
      guard let place = place(id) else {
        throw RegistryError(
          .refused,
          "checkpoint \(id) is none that training came by to where it stands: 'restore --checkpoint \(id)' goes on from it"
        )
      }
      return (place, "the harm began after checkpoint \(id), as was said")
    case .before(let offsets):
      let unknown = offsets.keys.first { partition in !newest.progress.contains { $0.partition == partition } }
      if let unknown { throw RegistryError(.refused, "there is no partition \(unknown) in what was learned") }
      let last = links.lastIndex { link in
        link.progress.allSatisfy { entry in offsets[entry.partition].map { entry.nextOffset <= $0 } ?? true }
      }
      return (last ?? -1, "the harm began at the offsets that were said")
    case .steps(let steps):
      return (
        links.lastIndex { $0.step <= newest.step - steps } ?? -1,
        "the harm began in the last \(steps) steps before step \(newest.step), as was said"
      )
    }
  }
}
