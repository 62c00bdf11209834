import Registry
import Vocabulary

extension StepReplay {
  /// How near what was made again is to what was decided.
  package struct Agreement: Sendable, Hashable, Codable {
    package var steps = 0
    /// Of these, those with the same loss and gradient to the last bit.
    package var same = 0
    /// The largest difference of a step's loss or gradient norm, as a share of it.
    package var deviation = 0.0
    /// The first step that had another learning rate, and both rates: settings of training were edited since.
    package var otherRate: OtherRate?

    package struct OtherRate: Sendable, Hashable, Codable {
      package var step: Int64
      package var then: Double
      package var now: Double
    }

    package init() {}
  }

  /// Holds the step just made against what was decided of it, as long as nothing was left out.
  func note(_ leftOut: [OffsetStretch]) throws {
    guard let now = state.decisions.last, now.step == state.step, let then = try decided(now.step) else { return }
    let isTouched = leftOut.contains { $0.from < state.progress[Int($0.partition)].nextOffset }
    guard !isTouched else { return }
    guard now.records == then.records else {
      throw Failure(
        description: "step \(now.step) learned \(then.records) records, and the log gives \(now.records) of them")
    }
    guard now.isApplied == then.isApplied else {
      throw Failure(
        description:
          "step \(now.step) was \(then.isApplied ? "" : "not ")applied, and is \(now.isApplied ? "" : "not ")now")
    }
    agreement.add(now, then)
  }
}

extension StepReplay.Agreement {
  fileprivate mutating func add(_ now: StepDecision, _ then: StepDecision) {
    steps += 1
    let pairs = [(now.lossSum, then.lossSum), (now.gradientNorm, then.gradientNorm)]
    if pairs.allSatisfy({ $0.0 == $0.1 || $0.0.isNaN && $0.1.isNaN }) { same += 1 }
    for (now, then) in pairs where now.isFinite && then.isFinite {
      deviation = max(deviation, abs(now - then) / max(abs(then), 1e-12))
    }
    if otherRate == nil, now.isApplied, now.records > 0, now.learningRate != then.learningRate {
      otherRate = OtherRate(step: now.step, then: then.learningRate, now: now.learningRate)
    }
  }
}
