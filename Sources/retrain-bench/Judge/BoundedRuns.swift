import Evaluation
import Foundation
import Vocabulary

/// Measures that lie within bounds, whose sequences assume nothing: wrong answers, and the area under the curve.
enum BoundedStream: String, CaseIterable, Sendable {
  case errors, area

  var about: String {
    switch self {
    case .errors: "wrong answers of two versions that err in one record of five, half of the time in the same"
    case .area: "areas under the curve of two scores, three records of ten positive"
    }
  }

  /// How much worse the candidate at the margin is.
  static let margin = 0.02
}

/// Many runs of one of them.
struct BoundedRuns: Sendable {
  let settings: ErrorSettings
  let stream: BoundedStream
  let candidate: LossStream.Candidate

  func outcomes() -> [RunOutcome] {
    let noise = scoreNoise
    return inParallel(settings.runs) { run in one(settings.seed &+ UInt64(run), noise) }
  }

  private func one(_ seed: UInt64, _ noise: Double) -> RunOutcome {
    var random = SplitMix64(run: seed)
    var errors = BoundedDifference()
    var area = PairedArea()
    var outcome = RunOutcome()
    for record in 1...settings.records {
      switch stream {
      case .errors: addAnswers(to: &errors, &random)
      case .area: addScores(to: &area, noise, &random)
      }
      guard record >= settings.first, record % settings.batch == 0 else { continue }
      let difference = stream == .errors ? errors : area.blocks
      let bounds = difference.confidenceSequence(confidence: 1 - settings.alpha)
      if outcome.calledWorse == nil, bounds.lower > 0 { outcome.calledWorse = record }
      guard outcome.promoted == nil, outcome.rolledBack == nil else { continue }
      if bounds.lower > BoundedStream.margin { outcome.rolledBack = record }
      if bounds.upper <= BoundedStream.margin { outcome.promoted = record }
    }
    return outcome
  }

  private func addAnswers(to errors: inout BoundedDifference, _ random: inout SplitMix64) {
    let isHard = random.nextUnit() < 0.1
    let excess = candidate == .equal ? 0 : BoundedStream.margin
    // Of the records that are not hard for both, nine in ten.
    let own = random.nextUnit() < (0.1 + excess) / 0.9
    let other = random.nextUnit() < 0.1 / 0.9
    errors.add(candidateErrs: isHard || own, baselineErrs: isHard || other)
  }

  private func addScores(to area: inout PairedArea, _ noise: Double, _ random: inout SplitMix64) {
    let isPositive = random.nextUnit() < 0.3
    let signal = random.nextNormal() + (isPositive ? 1 : 0)
    let own = signal + noise * random.nextNormal()
    let other = signal + Self.baselineNoise * random.nextNormal()
    area.add(candidate: Float(own), baseline: Float(other), isPositive: isPositive)
  }

  private static let baselineNoise = 0.5

  /// The noise at which the candidate's area is less by the margin: the area is Φ(1 / √(2(1 + noise²))).
  private var scoreNoise: Double {
    func area(_ noise: Double) -> Double { erfc(-1 / (2 * (1 + noise * noise).squareRoot())) / 2 }
    guard candidate == .atMargin else { return Self.baselineNoise }
    var (low, high) = (Self.baselineNoise, 2.0)
    for _ in 0..<50 {
      let middle = (low + high) / 2
      if area(middle) > area(Self.baselineNoise) - BoundedStream.margin { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
