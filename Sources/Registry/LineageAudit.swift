import Vocabulary

/// Follows a lineage from its first checkpoint, link by link.
///
/// Between a parent and its child every offset a partition advanced must have been trained, rejected, skipped or removed by
/// the broker: one that was none of these is lost, one counted beyond the advance is duplicated. What is too much in one link never makes up
/// for what is missing in another.
struct LineageAudit {
  private struct Tally {
    var progress: PartitionProgress
    var lost: Int64 = 0
    var duplicated: Int64 = 0
  }

  /// Where each partition was to begin, by stream.
  private let starts: [Int: [Int32: Int64]]
  private var tallies: [Int32: Tally] = [:]
  private(set) var links = 0
  private(set) var problems: [String] = []
  private var notes: [String] = []

  init(starts: [Int: [Int32: Int64]] = [:]) { self.starts = starts }

  mutating func note(_ sentence: String) { notes.append(sentence) }

  /// Adds the next checkpoint of the lineage.
  ///
  /// - Parameter isBeginning: It is the first of a lineage that goes on from its parent's, and may begin elsewhere; what it leaves
  ///   out is counted as skipped.
  mutating func add(checkpoint: Int64, progress: [PartitionProgress], isBeginning: Bool = false) {
    links += 1
    for entry in progress.sorted(by: { $0.partition < $1.partition }) {
      let before =
        tallies[entry.partition]?.progress
        ?? PartitionProgress(
          partition: entry.partition, startOffset: entry.startOffset, stream: entry.stream)
      var tally = tallies[entry.partition] ?? Tally(progress: before)
      if entry.stream != before.stream, isBeginning {
        // Told by whoever began it.
      } else if entry.stream != before.stream {
        notes.append(
          "checkpoint \(checkpoint): partition \(entry.partition) went on at offset \(entry.startOffset) of a topic made "
            + "anew, after offset \(before.nextOffset) of the one before")
      } else if entry.startOffset != before.startOffset {
        problems.append(
          "checkpoint \(checkpoint): partition \(entry.partition) starts at \(entry.startOffset), not at "
            + "\(before.startOffset) as its parent")
      }
      if tallies[entry.partition] == nil || entry.stream != before.stream {
        compareStart(of: entry, in: checkpoint)
      }
      let advance =
        entry.stream == before.stream ? entry.nextOffset - before.nextOffset : entry.covered - before.covered
      let counted = entry.accounted - before.accounted
      if counted < advance {
        tally.lost += advance - counted
        problems.append("checkpoint \(checkpoint): partition \(entry.partition) lost \(advance - counted) records")
      } else if counted > advance {
        tally.duplicated += counted - advance
        problems.append(
          "checkpoint \(checkpoint): partition \(entry.partition) counted \(counted - advance) records twice")
      }
      tally.progress = entry
      tallies[entry.partition] = tally
    }
    for partition in tallies.keys.sorted() where !progress.contains(where: { $0.partition == partition }) {
      problems.append("checkpoint \(checkpoint): partition \(partition) is not there any more")
    }
  }

  /// A partition begins where that was decided before its first record was read: records before it are in no count.
  private mutating func compareStart(of entry: PartitionProgress, in checkpoint: Int64) {
    guard let decided = starts[entry.stream]?[entry.partition], decided != entry.startOffset else { return }
    problems.append(
      "checkpoint \(checkpoint): partition \(entry.partition) begins at offset \(entry.startOffset), not at \(decided) as "
        + "was decided before its first record")
  }

  /// The report on the lineage's end.
  mutating func report(
    checkpoint: Int64?, version: Int64?, rejectedByReason: [String: Int64], ledger: AuditReport.Ledger?
  ) -> AuditReport {
    let partitions = tallies.keys.sorted().compactMap { tallies[$0] }.map { tally in
      let progress = tally.progress
      return AuditReport.Partition(
        partition: progress.partition, stream: progress.stream, startOffset: progress.startOffset,
        nextOffset: progress.nextOffset, consumed: progress.covered - progress.skipped - progress.lost,
        trained: progress.trained, rejected: progress.rejected, skipped: progress.skipped,
        lostByBroker: progress.lost, lost: tally.lost, duplicated: tally.duplicated)
    }
    func sum(_ field: KeyPath<AuditReport.Partition, Int64>) -> Int64 {
      partitions.reduce(0) { $0 + $1[keyPath: field] }
    }
    let byReason = rejectedByReason.values.reduce(0, +)
    if byReason != sum(\.rejected) {
      problems.append("\(sum(\.rejected)) records were rejected, and the reasons account for \(byReason)")
    }
    if let ledger {
      if ledger.gaps > 0 { problems.append("the ledger has \(ledger.gaps) gaps of \(ledger.lost) records") }
      if ledger.overlaps > 0 {
        problems.append("the ledger has \(ledger.overlaps) overlaps of \(ledger.duplicated) records")
      }
      if let first = ledger.disagreements.first {
        let others = ledger.disagreements.count - 1
        problems.append(
          "the ledger does not agree with the sums of \(first)" + (others > 0 ? " and of \(others) others" : ""))
      }
      if let coverage = ledger.coverage { notes.append(coverage) }
    }
    return AuditReport(
      checkpoint: checkpoint, version: version, consumed: sum(\.consumed), trained: sum(\.trained),
      rejected: sum(\.rejected), skipped: sum(\.skipped), lostByBroker: sum(\.lostByBroker), lost: sum(\.lost),
      duplicated: sum(\.duplicated),
      unlabelled: rejectedByReason[RejectReason.labelAbsent.rawValue] ?? 0, rejectedByReason: rejectedByReason,
      partitions: partitions, notes: notes, links: links, ledger: ledger, problems: problems)
  }
}

extension PartitionProgress {
  /// Offsets of which is known what became of them.
  fileprivate var accounted: Int64 { trained + rejected + skipped + lost }
}
