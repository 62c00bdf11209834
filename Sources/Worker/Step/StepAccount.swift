package import Evaluation
import Foundation
package import Health
import Learning
package import Rollouts
import Tensors
package import Vocabulary

/// Brings all ranks' envelopes of one step into the training state: the same on every rank, whatever the world size,
/// because partitions are taken in order of their number.
///
/// Step thread only.
package final class StepAccount {
  private let labels: AlignedBuffer<Float>
  private let outputs: AlignedBuffer<Float>
  private let losses: AlignedBuffer<Double>
  /// [versions × rows].
  private let frozenLosses: AlignedBuffer<Float>
  private let weights: AlignedBuffer<Float>
  private let outputCount: Int
  private let fieldCount: Int
  private let rowsMax: Int
  let task: EvaluationTask
  private var agreed = AgreedVersions()
  /// By version of the step in hand: whether it counts.
  private var isCounted = [Bool](repeating: false, count: FrozenVersions.countMax)
  /// Pairs of the learner that are looked at together.
  private let trendPairs: Int64
  /// Says how much worse a version may be.
  private let policy: RolloutPolicy
  /// Of the last step that was brought: how the serving version's answers met the labels.
  private var stableSums = (weight: 0.0, loss: 0.0)
  private var stableCounts = AnswerCounts()
  private var counts = AnswerCounts()
  private var order = RecordOrder()
  private var slices: SliceIntake

  /// - Parameters:
  ///   - rowsMax: Rows one partition's share can have.
  ///   - fieldCount: Declared fields that notices may be about.
  ///   - trendPairs: Pairs of the learner with a frozen version that are looked at together.
  ///   - policy: Says how much worse a version may be than the one that it is held against.
  package init(
    rowsMax: Int, outputCount: Int, fieldCount: Int = 0, task: EvaluationTask, trendPairs: Int64 = 1 << 14,
    policy: RolloutPolicy = RolloutPolicy()
  ) {
    labels = AlignedBuffer(count: rowsMax)
    outputs = AlignedBuffer(count: rowsMax * outputCount)
    losses = AlignedBuffer(count: rowsMax)
    frozenLosses = AlignedBuffer(count: rowsMax * FrozenVersions.countMax)
    weights = AlignedBuffer(count: rowsMax)
    slices = SliceIntake(capacity: rowsMax)
    self.outputCount = outputCount
    self.fieldCount = fieldCount
    self.rowsMax = rowsMax
    self.trendPairs = trendPairs
    self.policy = policy
    self.task = task
  }

  /// Whether any rank took a record or passed an offset.
  package static func hasRecords(_ envelopes: [ReceivedEnvelope]) -> Bool {
    envelopes.contains { envelope in
      (0..<envelope.shareCount).contains { place in
        let share = envelope.share(place)
        return share.next != share.from
      }
    }
  }

  /// The labelled rows of a step over all ranks, the sum of their weights, and that of their losses, each times its weight.
  package typealias Sums = (labelled: Int, weight: Double, lossSum: Double)

  /// Added in the order of the partitions where envelopes say what each gave, else in that of the ranks; the same bits on every
  /// rank.
  package func sums(_ envelopes: [ReceivedEnvelope]) throws -> Sums {
    try order.arrange(envelopes)
    let labelled = order.stretches.reduce(0) { $0 + Int($1.share.trained) }
    guard envelopes.contains(where: \.hasPartSums) else {
      return (labelled, envelopes.reduce(0) { $0 + $1.weight }, envelopes.reduce(0) { $0 + $1.lossSum })
    }
    var (weight, lossSum) = (0.0, 0.0)
    for stretch in order.stretches where stretch.share.rows > 0 {
      guard let part = envelopes[stretch.rank].partSum(stretch.place) else {
        throw EnvelopeError.sizesDisagree(section: "sums")
      }
      weight += part.weight
      lossSum += part.lossSum
    }
    return (labelled, weight, lossSum)
  }

  /// - Parameters:
  ///   - wasApplied: false when nobody applied the update: the step's rows are then rejected.
  ///   - reason: Why.
  ///   - ledger: Takes each partition's range.
  package func bring(
    _ envelopes: [ReceivedEnvelope], into state: inout TrainingState, wasApplied: Bool,
    reason: RejectReason = .nonFinite,
    ledger: (PartitionShare, Int64) -> Void
  ) throws {
    (stableSums, stableCounts, counts) = ((0, 0), AnswerCounts(), AnswerCounts())
    follow(envelopes, &state)
    for envelope in envelopes {
      for head in 0..<min(envelope.headCount, state.heads.count) {
        let ((records, lossSum), weight) = (envelope.headLoss(head), envelope.headWeight(head))
        state.heads[head].total.add(records: records, lossSum: lossSum, weight: weight)
        state.heads[head].window.add(records: records, lossSum: lossSum, weight: weight)
      }
      state.fields.addKept(Int64(envelope.rowCount))
      try envelope.forEachNotice(fieldCount: fieldCount) { code, count in
        state.fields.add(code, count)
      } example: {
        state.fields.note($0.text, of: $0.code)
      }
    }
    try order.arrange(envelopes)
    try slices.open(envelopes, state.frozen.slices)
    for stretch in order.stretches {
      let (share, envelope) = (stretch.share, envelopes[stretch.rank])
      let index = Int(share.partition)
      guard state.progress.indices.contains(index) else { throw EnvelopeError.unknownPartition(share.partition) }
      guard Int(share.rows) <= rowsMax, share.trained <= share.rows else {
        throw EnvelopeError.sizesDisagree(section: "shares")
      }
      guard share.from == state.progress[index].nextOffset else {
        throw AccountError(partition: share.partition, from: share.from, expected: state.progress[index].nextOffset)
      }
      let trained = wasApplied ? Int64(share.trained) : 0
      var rejected: Int64 = wasApplied ? 0 : Int64(share.trained)
      state.rejected[reason.index] += rejected
      // Most often nothing was refused.
      let isWhole = share.next - share.from - share.skipped - share.lost == Int64(share.trained)
      for place in 0..<(isWhole ? 0 : StepEnvelope.reasonCount) {
        let count = envelope.rejected(stretch.place, reason: place)
        state.rejected[place] += count
        rejected += count
      }
      state.progress[index].nextOffset = share.next
      state.progress[index].trained += trained
      state.progress[index].rejected += rejected
      state.progress[index].skipped += share.skipped
      state.progress[index].lost += share.lost
      if share.next != share.from { ledger(share, trained) }
      try bringRows(envelope, of: stretch.rank, from: stretch.firstRow, count: Int(share.rows), into: &state)
    }
    // After whole steps, which are the same however many workers there are.
    if state.frozen.isDue {
      state.frozen.lookForDecline(
        margin: policy.tolerance(
          for: CandidateEvidence(priorLoss: state.metrics.priorLoss, isOfValues: task.isRegression)))
    }
  }

  /// Who is scored, as the first rank says. One that has loaded nothing yet leaves everything as it was.
  private func follow(_ envelopes: [ReceivedEnvelope], _ state: inout TrainingState) {
    let first = envelopes[0]
    agreed.agree(envelopes)
    guard agreed.count > 0 else { return }
    state.frozen.follow(count: agreed.count) { first.version($0) }
    for version in 0..<agreed.count { isCounted[version] = agreed.counts(version, envelopes) }
    if state.frozen.serving != first.serving {
      state.stableWatch.follow()
      state.frozen.serving = first.serving
    }
  }

  private func bringRows(
    _ envelope: ReceivedEnvelope, of rank: Int, from first: Int, count: Int, into state: inout TrainingState
  ) throws {
    guard count > 0 else { return }
    try slices.take(envelope, of: rank, from: first, count: count, into: &state.frozen)
    copy(envelope.labels, from: first, count: count, into: labels)
    copy(envelope.outputs, from: first * outputCount, count: count * outputCount, into: outputs)
    if let bytes = envelope.weights { copy(bytes, from: first, count: count, into: weights) }
    copy(envelope.losses, from: first, count: count, into: losses)
    let weights = envelope.weights == nil ? nil : UnsafePointer(weights.pointer)
    state.metrics.add(
      outputs: outputs.pointer, labels: labels.pointer, weights: weights, losses: losses.pointer, count: count)
    state.window.add(
      outputs: outputs.pointer, labels: labels.pointer, weights: weights, losses: losses.pointer, count: count)
    if task == .binary { tally(losses.pointer, weights, count, into: &counts) { $0 } }
    for version in 0..<agreed.count where isCounted[version] {
      let losses = frozenLosses.pointer + version * rowsMax
      copy(envelope.frozenLosses(agreed.place(of: version, rank: rank)), from: first, count: count, to: losses)
    }
    for version in 0..<agreed.count where isCounted[version] {
      bringFrozen(version, weights, count, into: &state)
    }
  }

  private func bringFrozen(
    _ version: Int, _ weights: UnsafePointer<Float>?, _ count: Int, into state: inout TrainingState
  ) {
    let frozen = UnsafePointer(frozenLosses.pointer + version * rowsMax)
    let isServing = state.frozen.entries[version].version == state.frozen.serving
    if isServing, task == .binary { tally(frozen, weights, count, into: &stableCounts) { Double($0) } }
    let reference = isCounted[0] ? UnsafePointer(frozenLosses.pointer) : nil
    for row in 0..<count where !labels.pointer[row].isNaN && frozen[row] != FrozenPredictions.unasked {
      let (loss, weight) = (Double(frozen[row]), weights.map { Double($0[row]) } ?? 1)
      let own = losses.pointer[row]
      // A record that the learner has no number for is to blame itself, or is being looked for.
      guard own.isFinite else { continue }
      let held = reference.flatMap { $0[row] == FrozenPredictions.unasked ? nil : Double($0[row]) }
      let isPositive = task == .binary ? labels.pointer[row] >= 0.5 : nil
      state.frozen.add(
        loss, reference: held, learner: own, isPositive: isPositive, weight: weight, trendPairs: trendPairs, at: version
      )
      if let held {
        for field in 0..<slices.fieldCount {
          state.frozen.add(
            loss, reference: held, isPositive: isPositive, weight: weight, field: field,
            slice: slices.slice(of: row, field: field), at: version)
        }
      }
      if isServing, loss.isFinite {
        stableSums.weight += weight
        stableSums.loss += weight * loss
      }
    }
  }

  /// The log loss of an answer that is as good as a coin: of two classes, a wrong one has more.
  private static let coin = log(2.0)

  private func tally<Loss>(
    _ losses: UnsafePointer<Loss>, _ weights: UnsafePointer<Float>?, _ count: Int, into counts: inout AnswerCounts,
    _ value: (Loss) -> Double
  ) {
    for row in 0..<count where !labels.pointer[row].isNaN {
      let loss = value(losses[row])
      guard loss.isFinite else { continue }
      counts.add(
        isPositive: labels.pointer[row] >= 0.5, isWrong: loss > Self.coin, weight: weights.map { Double($0[row]) } ?? 1)
    }
  }

  /// How the learner's answers met the labels of the last step; nil: of another task than two classes.
  package var answers: AnswerCounts? { task == .binary ? counts : nil }

  /// The serving version's mean loss over the last step, and how its answers met the labels; nil: there were none.
  package var stableAnswers: (loss: Double, answers: AnswerCounts?)? {
    guard stableSums.weight > 0 else { return nil }
    return (stableSums.loss / stableSums.weight, task == .binary ? stableCounts : nil)
  }

  private func copy<Value>(
    _ bytes: UnsafeRawBufferPointer, from first: Int, count: Int, into buffer: AlignedBuffer<Value>
  ) {
    copy(bytes, from: first, count: count, to: buffer.pointer)
  }

  private func copy<Value>(
    _ bytes: UnsafeRawBufferPointer, from first: Int, count: Int, to values: UnsafeMutablePointer<Value>
  ) {
    let stride = MemoryLayout<Value>.stride
    let part = UnsafeRawBufferPointer(rebasing: bytes[first * stride..<(first + count) * stride])
    UnsafeMutableRawBufferPointer(start: values, count: count * stride).copyMemory(from: part)
  }
}

/// A peer's share does not begin where the agreed progress ends: a record would be lost or learned twice.
package struct AccountError: Error, CustomStringConvertible {
  package let partition: Int32
  package let from: Int64
  package let expected: Int64

  package var description: String {
    "partition \(partition): a peer took records from offset \(from), but the group had agreed on \(expected)"
  }
}
