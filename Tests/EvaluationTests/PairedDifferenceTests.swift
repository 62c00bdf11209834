import Evaluation
import Foundation
import Testing
import Vocabulary

@Suite("Paired difference")
struct PairedDifferenceTests {
  /// Log losses of a calibrated model and of another whose logits are off by `noise`, on one record.
  private func losses(noise: Double, _ random: inout SplitMix64) -> (Double, Double) {
    let logit = 1.5 * random.nextNormal()
    let label = random.nextUnit() < 1 / (1 + exp(-logit))
    func loss(_ logit: Double) -> Double { log(1 + exp(label ? -logit : logit)) }
    return (loss(logit + noise * random.nextNormal()), loss(logit))
  }

  @Test("mean, variance and count agree with values worked out by hand; unlabelled and non-finite pairs are kept out")
  func moments() {
    var difference = PairedDifference()
    difference.add(candidate: 3, baseline: 1)
    difference.add(candidate: 1, baseline: 1)
    difference.add(candidate: .nan, baseline: .nan)
    difference.add(candidate: .nan, baseline: 1)
    difference.add(candidate: 1, baseline: .infinity)
    #expect(difference.count == 2)
    #expect(difference.mean == 1)
    #expect(difference.variance == 1)
    #expect(difference.nonFinite == 2)
  }

  @Test("parts merged in rank order equal the whole, to the bit each time, and come back from bytes and JSON")
  func merging() throws {
    var random = SplitMix64(seed: 31)
    let pairs = (0..<900).map { _ in losses(noise: 0.5, &random) }
    func sum(_ pairs: ArraySlice<(Double, Double)>) -> PairedDifference {
      pairs.reduce(into: PairedDifference()) { $0.add(candidate: $1.0, baseline: $1.1) }
    }
    func merged() -> PairedDifference {
      stride(from: 0, to: 900, by: 300).reduce(into: PairedDifference()) { $0.merge(sum(pairs[$1..<$1 + 300])) }
    }
    #expect(merged() == merged())
    #expect(abs(merged().mean - sum(pairs[...]).mean) < 1e-12)
    #expect(abs(merged().variance - sum(pairs[...]).variance) < 1e-12)
    var bytes: [UInt8] = []
    merged().encode(into: &bytes)
    #expect(try PairedDifference(decoding: bytes) == merged())
    #expect(throws: DamagedBytes.self) { try PairedDifference(decoding: bytes.dropLast()) }
    #expect(try JSONDecoder().decode(PairedDifference.self, from: JSONEncoder().encode(merged())) == merged())
  }

  @Test("looking after every fifth record of two equally good models raises false alarms at most as often as promised")
  func falseAlarms() {
    let alpha = 0.05
    let runs = 600
    var alarms = 0
    var alarmsOfPlainIntervals = 0
    for run in 0..<runs {
      // Seeds 4100, 4101, …
      var random = SplitMix64(seed: 4100 + UInt64(run))
      var difference = PairedDifference()
      var hasAlarm = false
      var hasPlainAlarm = false
      for _ in 0..<3000 {
        // Both models are off by the same amount, each in its own way, so the expected difference is zero.
        let logit = 1.5 * random.nextNormal()
        let label = random.nextUnit() < 1 / (1 + exp(-logit))
        func loss(_ logit: Double) -> Double { log(1 + exp(label ? -logit : logit)) }
        let one = loss(logit + random.nextNormal())
        let other = loss(logit + random.nextNormal())
        difference.add(candidate: one, baseline: other)
        guard difference.count % 5 == 0 else { continue }
        let bounds = difference.confidenceSequence(confidence: 1 - alpha, tightestAt: 1000)
        if bounds.lower > 0 || bounds.upper < 0 { hasAlarm = true }
        let plain = 1.96 * (difference.variance / Double(difference.count)).squareRoot()
        if difference.count >= PairedDifference.pairsMin, abs(difference.mean) > plain { hasPlainAlarm = true }
      }
      if hasAlarm { alarms += 1 }
      if hasPlainAlarm { alarmsOfPlainIntervals += 1 }
    }
    #expect(Double(alarms) / Double(runs) <= alpha, "\(alarms) of \(runs) runs")
    // The simulation can tell: fixed-sample intervals, looked at as often, are wrong several times as often.
    #expect(Double(alarmsOfPlainIntervals) / Double(runs) > 3 * alpha, "\(alarmsOfPlainIntervals) of \(runs) runs")
  }

  @Test("a skewed difference of mean zero raises false alarms at most as often as promised")
  func skewedFalseAlarms() {
    let runs = 400
    var alarms = 0
    for run in 0..<runs {
      var random = SplitMix64(seed: 7300 + UInt64(run))
      var difference = PairedDifference()
      for _ in 0..<3000 {
        // Exponential less its mean: skewness 2.
        difference.add(candidate: -log(1 - random.nextUnit()), baseline: 1)
        guard difference.count % 5 == 0 else { continue }
        let bounds = difference.confidenceSequence(confidence: 0.95)
        if bounds.lower > 0 || bounds.upper < 0 {
          alarms += 1
          break
        }
      }
    }
    #expect(Double(alarms) / Double(runs) <= 0.05, "\(alarms) of \(runs) runs")
  }

  @Test(
    "a truly worse candidate is found, and the bounds hold its true difference",
    arguments: 1...20 as ClosedRange<UInt64>)
  func power(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var difference = PairedDifference()
    for _ in 0..<20_000 {
      let (candidate, baseline) = losses(noise: 0.6, &random)
      difference.add(candidate: candidate, baseline: baseline)
    }
    let bounds = difference.confidenceSequence(confidence: 0.99)
    #expect(bounds.lower > 0, "seed \(seed)")
    // The mean over a million pairs, from another program.
    #expect(bounds.lower < 0.0313 && bounds.upper > 0.0313, "seed \(seed)")
  }

  @Test("nothing is claimed on too few pairs, and more confidence or fewer pairs widen the bounds")
  func width() {
    var random = SplitMix64(seed: 33)
    var difference = PairedDifference()
    for _ in 0..<PairedDifference.pairsMin - 1 { difference.add(candidate: random.nextUnit(), baseline: 0.5) }
    #expect(difference.confidenceSequence(confidence: 0.9) == (-.infinity, .infinity))
    func width(_ confidence: Double) -> Double {
      let bounds = difference.confidenceSequence(confidence: confidence)
      return bounds.upper - bounds.lower
    }
    difference.add(candidate: random.nextUnit(), baseline: 0.5)
    let early = width(0.9)
    #expect(early.isFinite)
    #expect(width(0.99) > early)
    for _ in 0..<10_000 { difference.add(candidate: random.nextUnit(), baseline: 0.5) }
    #expect(width(0.9) < early / 4)
  }
}
