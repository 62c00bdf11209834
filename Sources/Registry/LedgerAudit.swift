import Vocabulary

/// What the ledger has of the window that one checkpoint ends.
struct LedgerWindow {
  /// One partition's ranges, summed up.
  struct Part {
    let partition: Int32
    let stream: Int
    let ranges: Int64
    /// From the first range to the last one's end.
    let from: Int64
    let next: Int64
    /// Between ranges of the window.
    var tally: LedgerTally
    let trained: Int64
    let rejected: Int64
  }

  /// Steps that have a range, the first and the last of them.
  var steps: Int64 = 0
  var first: Int64 = 0
  var last: Int64 = 0
  var parts: [Part] = []
}

/// Places where a range does not begin where the one before ended, and the offsets between.
struct LedgerTally {
  var gaps: Int64 = 0
  var overlaps: Int64 = 0
  var lost: Int64 = 0
  var duplicated: Int64 = 0

  mutating func add(_ other: LedgerTally) {
    gaps += other.gaps
    overlaps += other.overlaps
    lost += other.lost
    duplicated += other.duplicated
  }

  /// A range begins at `from`, and the one before ended at `expected`.
  mutating func add(from: Int64, expected: Int64) {
    if from > expected { (gaps, lost) = (gaps + 1, lost + from - expected) }
    if from < expected { (overlaps, duplicated) = (overlaps + 1, duplicated + expected - from) }
  }
}

/// Holds the ledger against the sums, link by link, as far as there is one: a setting that was off for a while, or came
/// later than the first step, leaves steps that were never recorded, and that is no damage.
struct LedgerAudit {
  private var step: Int64 = 0
  private var progress: [Int32: PartitionProgress] = [:]
  private var tally = LedgerTally()
  private var (steps, ranges, trained, rejected): (Int64, Int64, Int64, Int64) = (0, 0, 0, 0)
  private var covers: [AuditReport.Ledger.Stretch] = []
  private var unrecorded: Int64 = 0
  private var disagreements: [String] = []

  /// Adds the next link of the lineage, the first one first.
  mutating func add(_ link: LineageWindow, _ window: LedgerWindow?) {
    let (before, window) = (step, window ?? LedgerWindow())
    // Older programs do not say: who kept one has ranges.
    let from = max(link.ledgerFrom ?? (window.parts.isEmpty ? link.step + 1 : 0), before + 1)
    defer {
      step = link.step
      for entry in link.progress { progress[entry.partition] = entry }
    }
    steps += window.steps
    for part in window.parts {
      ranges += part.ranges
      trained += part.trained
      rejected += part.rejected
      tally.add(part.tally)
    }
    if !window.parts.isEmpty, window.first < from || window.last > link.step {
      disagreements.append("checkpoint \(link.checkpoint) (steps that are not its own)")
    }
    unrecorded += min(max(0, from - before - 1), link.step - before)
    guard from <= link.step else { return }
    cover(from, link.step)
    let known = Set(link.progress.map { Place($0.partition, $0.stream) })
    var strays = window.parts.filter { !known.contains(Place($0.partition, $0.stream)) }.map(\.partition)
    for entry in link.progress where !agrees(entry, window, link, isWhole: from == before + 1) {
      strays.append(entry.partition)
    }
    if !strays.isEmpty {
      let list = Set(strays).sorted().map(String.init).joined(separator: ", ")
      disagreements.append("checkpoint \(link.checkpoint) (partition \(list))")
    }
  }

  private struct Place: Hashable {
    let partition: Int32
    let stream: Int

    init(_ partition: Int32, _ stream: Int) {
      self.partition = partition
      self.stream = stream
    }
  }

  private mutating func cover(_ from: Int64, _ to: Int64) {
    if let last = covers.last, last.to + 1 == from {
      covers[covers.count - 1] = AuditReport.Ledger.Stretch(from: last.from, to: to)
    } else {
      covers.append(AuditReport.Ledger.Stretch(from: from, to: to))
    }
  }

  /// - Parameter isWhole: Whether the ledger has every step since the link before; else where its part begins is not known.
  private mutating func agrees(
    _ entry: PartitionProgress, _ window: LedgerWindow, _ link: LineageWindow, isWhole: Bool
  ) -> Bool {
    let before = progress[entry.partition]
    // A lineage that goes on where its origin ends reads the same topic under another number.
    let start =
      before.flatMap { before in
        let goesOn = link.begins != nil && before.startOffset == entry.startOffset && before.earlier == entry.earlier
        return before.stream == entry.stream || goesOn ? before.nextOffset : nil
      } ?? entry.startOffset
    let (trained, rejected) = (entry.trained - (before?.trained ?? 0), entry.rejected - (before?.rejected ?? 0))
    guard let part = window.parts.first(where: { $0.partition == entry.partition && $0.stream == entry.stream }) else {
      return !isWhole || (entry.nextOffset == start && trained == 0 && rejected == 0)
    }
    guard isWhole else {
      return part.next == entry.nextOffset && part.trained <= trained && part.rejected <= rejected
    }
    tally.add(from: part.from, expected: start)
    return part.next == entry.nextOffset && part.trained == trained && part.rejected == rejected
  }

  var report: AuditReport.Ledger {
    AuditReport.Ledger(
      steps: steps, ranges: ranges, gaps: tally.gaps, overlaps: tally.overlaps, lost: tally.lost,
      duplicated: tally.duplicated, trained: trained, rejected: rejected, agrees: disagreements.isEmpty,
      disagreements: disagreements, covers: covers, unrecordedSteps: unrecorded)
  }
}

extension AuditReport.Ledger {
  /// Which steps it covers, where it does not cover all; nil: it does.
  var coverage: String? {
    guard unrecordedSteps > 0 else { return nil }
    guard !covers.isEmpty else {
      return
        "no ledger is kept (training.ledger was off, or it is older than checkpoint.keep_daily): every step is held against the sums alone"
    }
    // The newest tell most.
    let shown = covers.suffix(4).map { $0.from == $0.to ? "\($0.from)" : "\($0.from)…\($0.to)" }
    let earlier = covers.count > 4 ? "\(covers.count - 4) stretches before and " : ""
    return "the ledger covers steps \(earlier)\(shown.joined(separator: ", ")); the other \(unrecordedSteps) are not "
      + "recorded (training.ledger was off, or they are older than checkpoint.keep_daily) and are held against the sums alone"
  }
}
