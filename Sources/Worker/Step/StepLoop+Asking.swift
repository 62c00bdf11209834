import Health
import Learning
import Tensors
import Vocabulary

// What was learned is asked for once more now and then: the loss of records that were learned beside what they lost before says
// how much of it is learned by heart.
extension StepLoop {
  /// One step of so many, drawn at random: a pass forward is a part of a step, so this is less than 0.4 % of what steps cost.
  package static let askedEvery: UInt64 = 256

  /// Whether a step's records are asked once more; the same on every rank.
  package static func asksAgain(after step: Int64) -> Bool {
    var random = SplitMix64(seed: UInt64(bitPattern: step))
    return random.next() % askedEvery == 0
  }

  /// Predicts the batch in hand, which was learned, once more. Nothing that later steps depend on is touched: the next pass
  /// forward overwrites all that this one leaves.
  func askAgain() {
    let batch = shares.batch
    guard Self.asksAgain(after: state.step), shares.hasRecords, learner.memory.isNothing else { return }
    // `rowLosses` are those before.
    relearned.before.pointer.update(from: rowLosses.pointer, count: batch.count)
    learner.predict(batch)
    measureRows()
    for row in 0..<batch.count where batch.teaches(row) && !shares.takenOut.contains(row) {
      let weight = batch.weights.map { Double($0[row]) } ?? 1
      relearned.sum.add(before: relearned.before.pointer[row], after: rowLosses.pointer[row], weight: weight)
    }
    learner.discardStep()
  }
}

/// What this rank's records lost before and after they were learned, since it was last gathered.
struct RelearnedRows {
  var sum = LearnedLoss()
  /// By row of the step in hand.
  let before: AlignedBuffer<Double>

  init(rows: Int) { before = AlignedBuffer(count: rows) }

  mutating func take() -> LearnedLoss {
    defer { sum = LearnedLoss() }
    return sum
  }
}
