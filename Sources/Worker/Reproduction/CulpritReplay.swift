package import Evaluation
import Learning
import Registry
package import Vocabulary

/// The oracle of a `CulpritSearch`: makes a stretch of a lineage's steps again without some of their records, and measures what comes
/// of it on records that are held out. Nothing is written.
///
/// On a thread of its own, with `prepareArithmeticThread`.
package final class CulpritReplay {
  private let replay: StepReplay
  private let records: LearnedRecords
  /// Learned instead of others, where the question is whether anything would do the harm.
  private let others: LearnedRecords?
  private let heldOut: HeldOutRecords
  private let feed: any ReplayFeed
  private let leftOut: LeftOut
  private let ends: [Int64]
  private let deadline: Deadline
  /// Where a replay may begin, the first place first.
  private var places: [StepReplay.Place] = []
  private let placesMax: Int
  /// Records that were learned in all passes.
  package private(set) var learned = 0

  /// Memory for states on the way.
  private static let placesBytesMax = 512 << 20

  /// - Parameters:
  ///   - replay: At the step before the first.
  ///   - leftOut: What its lineage leaves out anyway.
  ///   - ends: By partition: nothing behind it is read.
  package init(
    _ replay: StepReplay, _ records: LearnedRecords, others: LearnedRecords?, heldOut: HeldOutRecords,
    feed: any ReplayFeed, leavingOut leftOut: LeftOut = .nothing, ends: [Int64], until deadline: Deadline
  ) {
    (self.replay, self.records, self.others, self.heldOut) = (replay, records, others, heldOut)
    (self.feed, self.leftOut, self.ends, self.deadline) = (feed, leftOut, ends, deadline)
    let start = replay.place
    places = [start]
    placesMax = max(2, Self.placesBytesMax / max(1, start.learner.count + (start.memory?.count ?? 0)))
  }

  /// Finds what did the harm.
  ///
  /// - Parameter earlier: What earlier models of the lineage make of the held out records.
  package func find(earlier: [HeldOutValues] = []) throws -> CulpritSearch.Finding {
    try CulpritSearch().find(looks(), earlier: earlier) { try answer($0) }
  }

  /// One pass over all, with looks on the way.
  private func looks() throws -> [CulpritSearch.Look] {
    let (first, last) = (places[0].step, records.ranges.last?.step ?? places[0].step)
    let count = min(Int64(CulpritSearch.looks), last - first)
    let wanted = Set((0...max(1, count)).map { first + (last - first) * $0 / max(1, count) })
    var looks = [CulpritSearch.Look(place: 0, values: heldOut.values(replay.learner))]
    let keepsEvery = max(1, (Int(count) + placesMax - 1) / placesMax)
    replay.afterStep = { [unowned self] replay in
      guard wanted.contains(replay.state.step) else { return }
      looks.append(
        CulpritSearch.Look(place: records.count(through: replay.state.step), values: heldOut.values(replay.learner)))
      if looks.count.isMultiple(of: keepsEvery), replay.state.step < last { places.append(replay.place) }
    }
    defer { replay.afterStep = { _ in } }
    try learn(records, upTo: last, without: [])
    learned += records.count
    if looks.count < 2 {
      looks.append(CulpritSearch.Look(place: records.count, values: heldOut.values(replay.learner)))
    }
    return looks
  }

  private func answer(_ question: CulpritSearch.Question) throws -> HeldOutValues {
    switch question {
    case .prefix(let count): return try values(until: count, without: 0..<0)
    case .without(let out, let until): return try values(until: until, without: out)
    case .others(let after, let until): return try valuesOfOthers(after: after, until: until)
    }
  }

  private func values(until: Int, without out: Range<Int>) throws -> HeldOutValues {
    guard until > 0 else {
      try replay.restore(places[0])
      return heldOut.values(replay.learner)
    }
    let last = records.step(of: until - 1)
    // What is behind `until` in its last step is left out too.
    let behind = until..<records.count(through: last)
    try begin(before: min(out.isEmpty ? until : out.lowerBound, until))
    let from = records.count(through: replay.state.step)
    try learn(records, upTo: last, without: records.stretches(out) + records.stretches(behind))
    learned += max(0, until - from - out.count)
    return heldOut.values(replay.learner)
  }

  /// The model of so many records, and then others in the steps of those between.
  private func valuesOfOthers(after: Int, until: Int) throws -> HeldOutValues {
    let before = try values(until: after, without: 0..<0)
    guard let others, let first = others.ranges.first?.step, let last = others.ranges.last?.step else { return before }
    let upTo = min(last, others.step(of: min(others.count, until - after) - 1))
    var state = replay.place
    // They lie elsewhere in their partitions.
    for range in others.ranges.reversed() where range.step >= first {
      state.moveTo(partition: range.partition, offset: range.from)
    }
    state.setStep(first - 1)
    try replay.restore(state)
    try learn(others, upTo: upTo, without: [])
    return heldOut.values(replay.learner)
  }

  /// Goes to the last place that is known before a record.
  private func begin(before place: Int) throws {
    let known = places.last { records.count(through: $0.step) <= place } ?? places[0]
    try replay.restore(known)
  }

  private func learn(_ records: LearnedRecords, upTo last: Int64, without out: [OffsetStretch]) throws {
    let steps = records.steps(after: replay.state.step, upTo: last)
    guard !steps.isEmpty else { return }
    // Partitions that no step takes from are not read.
    var ends = replay.state.progress.map(\.nextOffset)
    for step in steps { for (partition, next) in step.next { ends[Int(partition)] = max(ends[Int(partition)], next) } }
    try replay.run(
      .recorded(HeldLedger(steps)), feed: feed, ends: ends, leavingOut: LeftOut(leftOut.all + out), until: deadline)
  }
}

extension StepReplay.Place {
  /// The partition goes on elsewhere: to see what other records do.
  mutating func moveTo(partition: Int32, offset: Int64) {
    var progress = state.progress[Int(partition)]
    progress.nextOffset = offset
    state.progress[Int(partition)] = progress
  }

  mutating func setStep(_ step: Int64) { state.step = step }
}
