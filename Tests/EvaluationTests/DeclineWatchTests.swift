import Evaluation
import Foundation
import Testing
import Vocabulary

@Suite("When a version became worse")
struct DeclineWatchTests {
  private func batch(mean: Double, deviation: Double = 0.3, pairs: Int = 250, _ random: inout SplitMix64)
    -> PairedDifference
  {
    (0..<pairs).reduce(into: PairedDifference()) { pairs, _ in
      pairs.add(candidate: mean + deviation * Double(random.nextNearlyNormal()), baseline: 0)
    }
  }

  @Test(
    "a version ruined after 100,000 good pairs is found within 1,000, where the mean of all pairs sees nothing, and it is told since when"
  )
  func ruined() {
    for seed in 0..<8 as Range<UInt64> {
      var random = SplitMix64(seed: 40 + seed &* 1001)
      var watch = DeclineWatch()
      var whole = PairedDifference()
      for _ in 0..<400 {
        let pairs = batch(mean: -0.02, &random)
        watch.add(pairs, margin: 0.005)
        whole.merge(pairs)
      }
      #expect(!watch.isDeclined(alpha: 0.01))
      #expect(watch.beganPairsAgo == nil)
      for _ in 0..<4 {
        let pairs = batch(mean: 0.2, &random)
        watch.add(pairs, margin: 0.005)
        whole.merge(pairs)
      }
      #expect(watch.isDeclined(alpha: 0.01), "seed \(seed): \(watch.logEvidence)")
      #expect(whole.confidenceSequence(confidence: 0.99).lower < 0)
      let ago = watch.beganPairsAgo ?? -1
      // Blocks are of 1,600 pairs by now, or more.
      #expect(ago >= 500 && ago <= 4000, "seed \(seed): \(ago)")
    }
  }

  @Test(
    "a version at the margin is called worse, at any of 200 looks, as rarely as promised; so is one whose spread wanders"
  )
  func falseAlarms() {
    let runs = 120
    var alarms = 0
    for run in 0..<runs {
      var random = SplitMix64(seed: 7 + UInt64(run) &* 4001)
      var watch = DeclineWatch()
      var isAlarmed = false
      for look in 0..<200 {
        let deviation = run % 2 == 0 ? 0.3 : 0.3 + 0.25 * sin(Double(look) / 30)
        watch.add(batch(mean: 0.005, deviation: deviation, pairs: 100, &random), margin: 0.005)
        if watch.isDeclined(alpha: 0.1) { isAlarmed = true }
      }
      alarms += isAlarmed ? 1 : 0
    }
    #expect(alarms <= runs / 10, "\(alarms) of \(runs) runs")
  }

  @Test("a change is placed where it was, a fall or nothing is no rise, and the sums stay small")
  func onset() throws {
    var random = SplitMix64(seed: 8)
    var sums = OnsetSums()
    for index in 0..<4000 {
      let value = Double(random.nextNearlyNormal()) + (index < 3000 ? 0 : 0.5)
      sums.add(count: 1, sum: value, squares: value * value)
    }
    let rise = try #require(sums.rise)
    #expect(rise.ago > 850 && rise.ago < 1150, "\(rise)")
    #expect(abs(rise.before) < 0.1 && abs(rise.after - 0.5) < 0.1)
    #expect(try JSONEncoder().encode(sums).count < 3000)
    #expect(try JSONDecoder().decode(OnsetSums.self, from: JSONEncoder().encode(sums)) == sums)
    var fall = OnsetSums()
    var steady = 0
    for index in 0..<4000 {
      let value = Double(random.nextNearlyNormal()) - (index < 3000 ? 0 : 0.5)
      fall.add(count: 1, sum: value, squares: value * value)
    }
    #expect(fall.rise == nil)
    for _ in 0..<200 {
      var same = OnsetSums()
      for _ in 0..<500 {
        let value = Double(random.nextNearlyNormal())
        same.add(count: 1, sum: value, squares: value * value)
      }
      steady += same.rise == nil ? 0 : 1
    }
    #expect(steady <= 6, "\(steady) of 200")
  }

  @Test("what is written as JSON goes on as if it had never been")
  func coding() throws {
    var random = SplitMix64(seed: 9)
    var watch = DeclineWatch()
    for look in 0..<30 {
      watch = try JSONDecoder().decode(DeclineWatch.self, from: JSONEncoder().encode(watch))
      watch.add(batch(mean: look < 20 ? 0 : 0.3, &random), margin: 0.005)
    }
    #expect(watch.isDeclined(alpha: 0.001))
  }
}

@Suite("Sample ratio")
struct SampleRatioTests {
  @Test("shares that are as meant are refuted, at any of 10,000 looks, as rarely as promised")
  func falseAlarms() {
    let runs = 500
    var alarms = 0
    for run in 0..<runs {
      var random = SplitMix64(seed: 60 + UInt64(run) &* 999)
      var counts: [Int64] = [0, 0, 0]
      for _ in 0..<2000 {
        let unit = random.nextUnit()
        counts[unit < 0.05 ? 0 : unit < 0.25 ? 1 : 2] += 1
        if SampleRatio(counts: counts, shares: [0.05, 0.2, 0.75]).isRefuted(alpha: 0.1) {
          alarms += 1
          break
        }
      }
    }
    #expect(alarms <= runs / 10, "\(alarms) of \(runs) runs")
  }

  @Test("a canary that loses one request in ten is found within 20,000 requests")
  func power() {
    for seed in 0..<20 as Range<UInt64> {
      var random = SplitMix64(seed: 70 + seed)
      var counts: [Int64] = [0, 0]
      for _ in 0..<20_000 {
        let isCanary = random.nextUnit() < 0.2
        if isCanary, random.nextUnit() < 0.1 { continue }
        counts[isCanary ? 0 : 1] += 1
      }
      #expect(SampleRatio(counts: counts, shares: [0.2, 0.8]).isRefuted(alpha: 0.01), "seed \(seed): \(counts)")
    }
  }

  @Test("without a request nothing is known, and the evidence is what Dirichlet's integral gives")
  func known() {
    #expect(SampleRatio(counts: [0, 0], shares: [0.5, 0.5]).logEvidence == 0)
    // Two alike, of Beta(50, 50): (50 · 51) / (100 · 101) over a quarter.
    let two = SampleRatio(counts: [2, 0], shares: [0.5, 0.5]).logEvidence
    #expect(abs(two - log(4 * 50.0 * 51 / (100 * 101))) < 1e-9)
  }
}
