package import Registry
package import Vocabulary

/// From where to where a lineage's steps are to be made again for some records to be left out. A rule.
package struct ReplayPlan: Sendable, Hashable {
  /// A part of the way that ends as a run did, or where a lineage went on elsewhere in the stream.
  package struct Segment: Sendable, Hashable {
    /// Where the partitions stand before it; nil: where they are.
    package var jump: [PartitionProgress]?
    package var windows: [LineageWindow]
    /// As the ledger numbers them.
    package var steps: ClosedRange<Int64>
    /// By partition.
    package var ends: [Int64]
    /// It ended because the stream did: its last steps had less than a full share of each partition.
    package var isDrained: Bool
  }

  /// What the replay begins with; nil: with nothing, as the lineage did.
  package let start: LineageWindow?
  /// Whose steps are made again, in their order.
  package let windows: [LineageWindow]
  package let segments: [Segment]
  package var end: LineageWindow { windows[windows.count - 1] }
  /// Steps as the ledger numbers them.
  package var steps: ClosedRange<Int64> { ((start?.step ?? 0) + 1)...end.step }

  /// - Parameters:
  ///   - windows: Of the lineage, from its first checkpoint to its newest.
  ///   - leftOut: What is to be left out that was learned.
  ///   - isDealt: Steps are dealt anew; else they keep their places.
  /// - Throws: `StepReplay.Failure`: why it cannot be.
  package init(_ windows: [LineageWindow], leavingOut leftOut: LeftOut, isDealt: Bool) throws {
    // The last steps of a run that is just being drained are dealt by whoever goes on.
    guard let last = windows.lastIndex(where: { !isDealt || $0.endsShort != true || $0.isFinal }) else {
      throw StepReplay.Failure(description: "the lineage has no checkpoint yet")
    }
    let partitions = windows[last].progress.count
    let start = windows[...last].lastIndex { window in
      window.hasState && window.progress.count == partitions
        && leftOut.all.allSatisfy { stretch in
          window.progress.first { $0.partition == stretch.partition }.map { $0.nextOffset <= stretch.from } ?? false
        }
    }
    guard start.map({ $0 < last }) ?? true else {
      throw StepReplay.Failure(description: "the lineage has not learned them by its newest checkpoint")
    }
    if start == nil {
      guard windows[0].parent == nil, windows[0].progress.count == partitions else {
        throw StepReplay.Failure(
          description:
            "no checkpoint from before the first of them is kept, and the lineage does not begin with nothing")
      }
    }
    self.start = start.map { windows[$0] }
    self.windows = Array(windows[(start.map { $0 + 1 } ?? 0)...last])
    let made = self.windows.filter { !$0.isCopy }
    guard !made.isEmpty else {
      throw StepReplay.Failure(description: "the lineage has not learned them by its newest checkpoint")
    }
    if let window = made.first(where: { ($0.ledgerFrom ?? .max) > $0.step }) {
      throw StepReplay.Failure(
        description:
          "checkpoint \(window.checkpoint), of step \(window.step), has no ledger (training.ledger): nobody knows any "
          + "more what its steps learned")
    }
    if isDealt, let window = made.first(where: { $0.endsShort == nil }) {
      throw StepReplay.Failure(
        description:
          "checkpoint \(window.checkpoint) does not say where the partitions had been drained (an older program "
          + "wrote it, or a 'forget' over several runs): steps cannot be dealt anew over it")
    }
    segments = Self.segments(self.windows, after: self.start, isDealt: isDealt)
  }

  private static func segments(
    _ windows: [LineageWindow], after start: LineageWindow?, isDealt: Bool
  ) -> [Segment] {
    var (segments, open, jump): ([Segment], [LineageWindow], [PartitionProgress]?) = ([], [], nil)
    var step = start?.step ?? 0
    var before = start?.progress
    func close(isDrained: Bool) {
      guard let last = open.last else { return }
      segments.append(
        Segment(jump: jump, windows: open, steps: (step + 1)...last.step, ends: ends(of: last), isDrained: isDrained))
      (open, jump, step) = ([], nil, last.step)
    }
    for window in windows {
      if window.isCopy {
        // It may go on elsewhere.
        if let before, ends(of: before) != ends(of: window.progress) {
          close(isDrained: false)
          jump = window.progress
        }
      } else {
        open.append(window)
        if isDealt, window.isFinal, window.endsShort == true { close(isDrained: true) }
      }
      before = window.progress
    }
    close(isDrained: false)
    return segments
  }

  private static func ends(of progress: [PartitionProgress]) -> [Int64] {
    progress.sorted { $0.partition < $1.partition }.map(\.nextOffset)
  }

  private static func ends(of window: LineageWindow) -> [Int64] {
    ends(of: window.progress)
  }
}
