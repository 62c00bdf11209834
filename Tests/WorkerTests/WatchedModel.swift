import Learning
import Tensors

/// Writes down what a learner is asked for, and spoils what a test says.
final class WatchedModel: ForwardingModel {
  private(set) var calls: [String] = []
  /// Nothing that it is asked gives a number.
  var isDamaged = false
  /// Which of its updates are not finite, counted from 0.
  var refusedUpdates: Set<Int> = []
  /// When a bit of a weight flips; nil: never.
  var flipsBitAfterStep: Int64?
  /// What happens to the learner's memory, once, before its records of step `harmAfterStep` + 1 are predicted.
  var harm: ((Learner) -> Void)?
  var harmAfterStep: Int64 = 0
  /// In which step, the first time that it is made, a bit of the gradient flips.
  var spoilsGradientOf: Int64?

  override func nonFiniteRows(in batch: FeatureBatch) -> [NonFiniteRow] {
    guard isDamaged else { return learner.nonFiniteRows(in: batch) }
    return (0..<batch.count).map { NonFiniteRow(row: $0, layer: "output", feature: nil) }
  }

  override func predict(_ batch: FeatureBatch) {
    calls.append("predict")
    if let harm, learner.step == harmAfterStep {
      harm(learner)
      self.harm = nil
    }
    learner.predict(batch)
  }

  override func backward(_ batch: FeatureBatch, parts: BatchParts?) -> LocalStep {
    calls.append("backward")
    var local = learner.backward(batch, parts: parts)
    if isDamaged { local.isFinite = false }
    if learner.step + 1 == spoilsGradientOf {
      let gradient = learner.denseNodes
      if let place = gradient.indices.max(by: { abs(gradient[$0]) < abs(gradient[$1]) }) {
        gradient[place] = Float(bitPattern: gradient[place].bitPattern ^ 1 << 22)
      }
      spoilsGradientOf = nil
    }
    return local
  }

  override func absorb(attachments: [UnsafeRawBufferPointer]) throws {
    calls.append("absorb")
    try learner.absorb(attachments: attachments)
  }

  override func absorbOwn() {
    calls.append("absorb")
    learner.absorbOwn()
  }

  override func remember(_ facts: [RecordFact]) {
    calls.append("remember")
    learner.remember(facts)
  }

  override func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    let number = calls.count { $0 == "apply" }
    calls.append("apply")
    if refusedUpdates.contains(number) { return Update(gradientNorm: .nan, wasClipped: false, isFinite: false) }
    if learner.step == flipsBitAfterStep {
      let weights = learner.network.parameters
      weights[0] = Float(bitPattern: weights[0].bitPattern ^ 1 << 16)
    }
    return learner.apply(labelled: labelled, weight: weight, lossSum: lossSum)
  }

  override func discardStep() {
    calls.append("discard")
    learner.discardStep()
  }
}
