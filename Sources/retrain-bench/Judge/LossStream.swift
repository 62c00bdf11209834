import Foundation
import Vocabulary

/// Streams of differences of two versions' losses on the same records, candidate minus baseline, whose mean is known exactly.
enum LossStream: String, CaseIterable, Sendable {
  case binary, multiclass, student, pareto, rare, drifting

  /// Which of the two versions is the worse.
  enum Candidate: Sendable {
    case equal
    /// By exactly the margin.
    case atMargin
  }

  static let classes = 4

  var about: String {
    switch self {
    case .binary: "log loss of two versions whose logits are off by ±0.3 or a little more"
    case .multiclass: "cross-entropy of four classes, each logit off by ±0.3 or a little more"
    case .student: "squared error where labels' noise is Student's t with 3 degrees of freedom"
    case .pareto: "squared error of which the versions' own part has a Pareto tail of index 2.5"
    case .rare:
      "squared error where one record in 500 is off by a Pareto tail of index 2.5, and all that is worse lies in these"
    case .drifting: "squared error where the noise wanders between a third and three times its size"
    }
  }

  /// How much worse the candidate at the margin is, in the mean: a half per cent of what there is to lose.
  var margin: Double { self == .binary || self == .multiclass ? 0.005 : 0.03 }
}

/// One run of a stream.
struct LossRun {
  let stream: LossStream
  let candidate: LossStream.Candidate
  /// How far the candidate's logits are off, where classes are predicted.
  private let offset: Double
  private var random: SplitMix64
  private var level = 0.0
  private let phase: Double
  private var record = 0.0

  init(_ stream: LossStream, _ candidate: LossStream.Candidate, offsets: LogitOffsets, seed: UInt64) {
    self.stream = stream
    self.candidate = candidate
    offset =
      candidate == .equal
      ? LogitOffsets.baseline : stream == .binary ? offsets.binary : offsets.multiclass
    random = SplitMix64(run: seed)
    phase = random.nextUnit() * 2 * .pi
  }

  /// Fills a batch with the losses of both on the same records.
  mutating func next(candidate: inout [Double], baseline: inout [Double]) {
    if stream == .drifting { level = min(max(level + 0.05 * random.nextNormal(), -0.5), 0.5) }
    for index in candidate.indices {
      (candidate[index], baseline[index]) =
        switch stream {
        case .binary: binary()
        case .multiclass: multiclass()
        case .student: squared(noise: random.nextStudent3())
        case .pareto: pareto()
        case .rare: rare()
        case .drifting: squared(noise: driftingScale() * random.nextNormal())
        }
    }
  }

  private mutating func binary() -> (Double, Double) {
    let logit = 1.5 * random.nextNormal()
    let bits = random.next()
    let isPositive = random.nextUnit() < 1 / (1 + exp(-logit))
    let own = logit + (bits & 1 == 0 ? offset : -offset)
    let other = logit + (bits & 2 == 0 ? LogitOffsets.baseline : -LogitOffsets.baseline)
    return (LogitOffsets.loss(own, isPositive), LogitOffsets.loss(other, isPositive))
  }

  private mutating func multiclass() -> (Double, Double) {
    let draw = ClassDraw(offset: offset, &random)
    let label = draw.label(random.nextUnit())
    return (-draw.own[label], -draw.other[label])
  }

  private mutating func driftingScale() -> Double {
    record += 1
    return exp(level + 0.6 * sin(phase + record * (2 * .pi / 20_000)))
  }

  /// The share of the mean loss that is the version's own error.
  private static let error = 0.09

  /// Errors of both versions are normal; the label is off by `noise`.
  private mutating func squared(noise: Double) -> (Double, Double) {
    let own = noise - meanError.squareRoot() * random.nextNormal()
    let other = noise - Self.error.squareRoot() * random.nextNormal()
    return (own * own, other * other)
  }

  private var meanError: Double { Self.error + (candidate == .equal ? 0 : stream.margin) }

  private mutating func pareto() -> (Double, Double) {
    let noise = random.nextNormal()
    let bits = random.next()
    let own = (meanError * nextPareto()).squareRoot()
    let other = (Self.error * nextPareto()).squareRoot()
    let (ownLoss, otherLoss) = (noise - (bits & 1 == 0 ? own : -own), noise - (bits & 2 == 0 ? other : -other))
    return (ownLoss * ownLoss, otherLoss * otherLoss)
  }

  /// Of mean 1, with a tail of index 2.5: its least value is 0.6.
  private mutating func nextPareto() -> Double { 0.6 * pow(1 - random.nextUnit(), -0.4) }

  private mutating func rare() -> (Double, Double) {
    let noise = random.nextNormal()
    let other = noise + 0.1 * random.nextNormal()
    let excess = candidate == .equal ? 0 : stream.margin
    return (noise * noise + nextRare(mean: 0.03 + excess), other * other - 0.01 + nextRare(mean: 0.03))
  }

  private mutating func nextRare(mean: Double) -> Double {
    random.nextUnit() * Self.rarity < 1 ? Self.rarity * mean * nextPareto() : 0
  }

  private static let rarity = 500.0
}

/// How far a candidate's logits must be off for its mean loss to be greater by exactly the margin.
struct LogitOffsets: Sendable {
  static let baseline = 0.3
  let binary: Double
  let multiclass: Double

  init() {
    binary = Self.solve { Self.excess($0) - Self.excess(Self.baseline) - LossStream.binary.margin }
    // Expected over the label; the offsets' draws are the same for every offset, so that the difference is smooth.
    multiclass = Self.solve { offset in
      var random = SplitMix64(seed: 11)
      var sum = 0.0
      for _ in 0..<Self.draws {
        let draw = ClassDraw(offset: offset, &random)
        sum += draw.expectedDifference
      }
      return sum / Double(Self.draws) - LossStream.multiclass.margin
    }
  }

  private static let draws = 400_000

  /// Where an increasing function is zero, between the baseline's offset and 1.
  private static func solve(_ function: (Double) -> Double) -> Double {
    var (low, high) = (baseline, 1.0)
    for _ in 0..<30 {
      let middle = (low + high) / 2
      if function(middle) < 0 { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// Mean log loss of a logit that is off by ± `offset`, by the trapezoidal rule over the true logit.
  private static func excess(_ offset: Double) -> Double {
    var sum = 0.0
    var weights = 0.0
    for step in -4000...4000 {
      let normal = Double(step) / 400
      let weight = exp(-normal * normal / 2)
      let logit = 1.5 * normal
      let probability = 1 / (1 + exp(-logit))
      for own in [logit - offset, logit + offset] {
        sum += weight / 2 * (probability * loss(own, true) + (1 - probability) * loss(own, false))
      }
      weights += weight
    }
    return sum / weights
  }

  static func loss(_ logit: Double, _ isPositive: Bool) -> Double {
    let wrong = isPositive ? -logit : logit
    return wrong > 0 ? wrong + log(1 + exp(-wrong)) : log(1 + exp(wrong))
  }
}

/// The probabilities of four classes, as they are and as two versions see them.
private struct ClassDraw {
  private(set) var truth = SIMD4<Double>()
  private(set) var own = SIMD4<Double>()
  private(set) var other = SIMD4<Double>()

  init(offset: Double, _ random: inout SplitMix64) {
    let bits = random.next()
    for index in 0..<LossStream.classes {
      truth[index] = random.nextNormal()
      own[index] = truth[index] + (bits >> UInt64(index) & 1 == 0 ? offset : -offset)
      let off = LogitOffsets.baseline
      other[index] = truth[index] + (bits >> UInt64(index + 4) & 1 == 0 ? off : -off)
    }
    truth = Self.logProbabilities(truth)
    own = Self.logProbabilities(own)
    other = Self.logProbabilities(other)
  }

  private static func logProbabilities(_ logits: SIMD4<Double>) -> SIMD4<Double> {
    logits - log(exp(logits[0]) + exp(logits[1]) + exp(logits[2]) + exp(logits[3]))
  }

  func label(_ unit: Double) -> Int {
    var rest = unit
    for index in 0..<LossStream.classes - 1 {
      rest -= exp(truth[index])
      if rest < 0 { return index }
    }
    return LossStream.classes - 1
  }

  var expectedDifference: Double {
    (0..<LossStream.classes).reduce(0) { $0 + exp(truth[$1]) * (other[$1] - own[$1]) }
  }
}

extension SplitMix64 {
  /// Of a run with this seed: the generator's states are those of one sequence, so runs begin at a number of it, not at its place.
  init(run seed: UInt64) {
    var random = SplitMix64(seed: seed)
    self.init(seed: random.next())
  }

  /// Normal with mean 0 and deviation 1.
  ///
  /// - Source: Marsaglia & Bray 1964 (the polar method; the second number is let go of, so that a generator has no other state).
  mutating func nextNormal() -> Double {
    while true {
      let x = 2 * nextUnit() - 1
      let y = 2 * nextUnit() - 1
      let square = x * x + y * y
      if square < 1, square > 0 { return x * (-2 * log(square) / square).squareRoot() }
    }
  }

  /// Student's t with three degrees of freedom; its variance is 3.
  mutating func nextStudent3() -> Double {
    let normal = nextNormal()
    return nextNormal() / ((normal * normal - 2 * log(1 - nextUnit())) / 3).squareRoot()
  }
}
