import Evaluation
import Foundation
import Testing
import Vocabulary

@Suite("Differences within bounds")
struct BoundedDifferenceTests {
  @Test(
    "looking again and again, equal error rates are called different, or the rarest excess missed, as rarely as promised"
  )
  func falseAlarms() {
    let runs = 400
    var alarms = 0
    var misses = 0
    for run in 0..<runs {
      var random = SplitMix64(seed: 900 + UInt64(run) &* 77_777)
      var equal = BoundedDifference()
      var worse = BoundedDifference()
      var isAlarmed = false
      var isMissed = false
      for record in 1...4000 {
        equal.add(candidateErrs: random.nextUnit() < 0.2, baselineErrs: random.nextUnit() < 0.2)
        worse.add(candidateErrs: random.nextUnit() < 0.01, baselineErrs: false)
        guard record % 40 == 0 else { continue }
        let bounds = equal.confidenceSequence(confidence: 0.9)
        if bounds.lower > 0 || bounds.upper < 0 { isAlarmed = true }
        if worse.confidenceSequence(confidence: 0.9).upper < 0.01 { isMissed = true }
      }
      alarms += isAlarmed ? 1 : 0
      misses += isMissed ? 1 : 0
    }
    #expect(alarms <= runs / 10, "\(alarms) of \(runs) runs")
    #expect(misses <= runs / 20, "\(misses) of \(runs) runs")
  }

  @Test(
    "a model that errs more is found, and the true difference lies within", arguments: 1...10 as ClosedRange<UInt64>)
  func power(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var difference = BoundedDifference()
    for _ in 0..<10_000 {
      let (one, other) = (random.nextUnit(), random.nextUnit())
      difference.add(candidateErrs: one < 0.15 || other < 0.03, baselineErrs: one < 0.15)
    }
    let bounds = difference.confidenceSequence(confidence: 0.99)
    #expect(bounds.lower > 0.015 && bounds.lower < 0.0255 && bounds.upper > 0.0255 && bounds.upper < 0.036, "\(bounds)")
  }

  @Test("parts add up, and come back from bytes; sums that no differences have are damage")
  func coding() throws {
    var difference = BoundedDifference()
    for index in 0..<200 { difference.add(Double(index % 5 - 2) / 2) }
    var twice = difference
    twice.merge(difference)
    #expect(twice.count == 400 && twice.mean == difference.mean)
    var bytes: [UInt8] = []
    twice.encode(into: &bytes)
    #expect(try BoundedDifference(decoding: bytes) == twice)
    #expect(throws: DamagedBytes.self) { try BoundedDifference(decoding: bytes.dropLast()) }
    // The count of 400 becomes 16.
    bytes[1...2] = [0x90, 0x00]
    #expect(throws: DamagedBytes.self) { try BoundedDifference(decoding: bytes) }
  }
}

@Suite("Paired areas under the curve")
struct PairedAreaTests {
  private func fill(
    _ area: inout PairedArea, records: Int, positives: Double, noise: Double, _ random: inout SplitMix64
  ) {
    for _ in 0..<records {
      let isPositive = random.nextUnit() < positives
      let signal = random.nextNearlyNormal() + (isPositive ? 1 : 0)
      let own = signal + Float(noise) * random.nextNearlyNormal()
      let other = signal + 0.5 * random.nextNearlyNormal()
      area.add(candidate: own, baseline: other, isPositive: isPositive)
    }
  }

  @Test(
    "the mean of blocks is the difference of the areas, whatever the share of positives", arguments: [0.5, 0.1, 0.9])
  func unbiased(positives: Double) {
    var random = SplitMix64(seed: 12)
    var area = PairedArea()
    fill(&area, records: 300_000, positives: positives, noise: 2, &random)
    // Φ(1/√(2·(1 + noise²))): 0.73645 with deviation 0.5, 0.62409 with 2.
    #expect(abs(area.mean - 0.11236) < 0.004, "\(area.mean)")
  }

  @Test("a worse ranking is found in ten thousand records; an equal one is called worse as rarely as promised")
  func power() {
    var found = 0
    var alarms = 0
    for seed in 0..<100 as Range<UInt64> {
      var random = SplitMix64(seed: 5000 + seed &* 31)
      var worse = PairedArea()
      fill(&worse, records: 10_000, positives: 0.3, noise: 1, &random)
      found += worse.confidenceSequence(confidence: 0.99).lower > 0 ? 1 : 0
      var equal = PairedArea()
      for _ in 0..<100 {
        fill(&equal, records: 100, positives: 0.3, noise: 0.5, &random)
        if equal.confidenceSequence(confidence: 0.9).lower > 0 {
          alarms += 1
          break
        }
      }
    }
    #expect(found >= 97, "\(found) of 100")
    #expect(alarms <= 5, "\(alarms) of 100")
  }

  @Test("an order that turns is a difference of 1, ties are half, and scores that are no numbers are left out")
  func known() {
    var area = PairedArea()
    for index in 0..<PairedArea.sideMin {
      area.add(candidate: .nan, baseline: 1, isPositive: true)
      area.add(candidate: 0, baseline: 1, isPositive: true)
      area.add(candidate: 1, baseline: Float(index == 0 ? 1 : 0), isPositive: false)
    }
    #expect(area.blocks.count == 1)
    #expect(area.mean == 1 - 0.5 / Double(PairedArea.sideMin))
  }

  @Test("parts merge with nothing lost, and an open block comes back from bytes")
  func merging() throws {
    var random = SplitMix64(seed: 3)
    var merged = PairedArea()
    for _ in 0..<40 {
      var part = PairedArea()
      // Five records never fill a block of their own.
      fill(&part, records: 5, positives: 0.5, noise: 1, &random)
      var bytes: [UInt8] = []
      part.encode(into: &bytes)
      #expect(throws: DamagedBytes.self) { try PairedArea(decoding: bytes.dropLast()) }
      merged.merge(try PairedArea(decoding: bytes))
    }
    #expect(merged.blocks.count >= 8)
    var bytes: [UInt8] = []
    merged.encode(into: &bytes)
    #expect(bytes.count <= 192)
    #expect(try PairedArea(decoding: bytes) == merged)
  }
}
