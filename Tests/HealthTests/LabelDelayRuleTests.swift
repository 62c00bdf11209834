import Foundation
import Health
import Testing
import Vocabulary

@Suite("What the rule about late labels says")
struct LabelDelayRuleTests {
  /// A window of two thousand records, whose labels come after about so long.
  private func score(
    _ random: inout SplitMix64, seconds: Double = 3600, unlabelled: Double = 0.05, records: Int = 2000
  ) -> HealthWindow.Score {
    var score = HealthWindow.Score(records: Int64(records))
    var (sketch, counts) = (DelaySketch(), FieldReport.Counts(records: Int64(records)))
    for _ in 0..<records {
      if random.nextUnit() < unlabelled {
        counts.missing += 1
      } else if let bucket = LabelDelay.bucket(from: 0, to: seconds * exp2(4 * (random.nextUnit() - 0.5))) {
        sketch.add(1, bucket: bucket)
      }
    }
    (score.labelDelays, score.labels) = (sketch, counts)
    return score
  }

  private func finding(_ window: HealthWindow.Score, before: [HealthWindow.Score]) -> HealthFinding? {
    examine(HealthWindow(score: window, before: before)).first { $0.rule == HealthRule.labelDelay.rawValue }
  }

  @Test("a day and night of windows raises nothing, whatever the seed")
  func quiet() {
    for seed in UInt64(1)...10 {
      var random = SplitMix64(seed: seed)
      var before: [HealthWindow.Score] = []
      for hour in 0..<200 {
        // At night labels take half as long again, and more records wait for theirs.
        let night = 0.5 + 0.5 * cos(2 * .pi * Double(hour) / 24)
        let window = score(&random, seconds: 3600 * (1 + 0.5 * night), unlabelled: 0.03 + 0.05 * night)
        #expect(finding(window, before: before)?.verdict != .fail, "seed \(seed), hour \(hour)")
        before = Array(([window] + before).prefix(WindowHistory.scoresMax))
      }
    }
  }

  @Test("labels that take eight times as long fail, and it says how long they take and took")
  func late() throws {
    var random = SplitMix64(seed: 1)
    let before = (0..<20).map { _ in score(&random) }
    let late = try #require(finding(score(&random, seconds: 8 * 3600), before: before))
    #expect(late.verdict == .fail && abs(late.observed - 8) < 1.5 && late.action == .ticket)
    let sentence = try #require(late.detail)
    #expect(sentence.hasPrefix("labels become known ") && sentence.contains(" h after the event (median), in the"))
    #expect(finding(score(&random, seconds: 2 * 3600), before: before)?.verdict == .pass)
    // Sooner is no fault.
    #expect(finding(score(&random, seconds: 60), before: before)?.verdict == .pass)
  }

  @Test("so does a share of records without a label that is far above what it was, up to all of them")
  func absent() throws {
    var random = SplitMix64(seed: 2)
    let before = (0..<20).map { _ in score(&random) }
    for share in [0.4, 1] {
      let failed = try #require(finding(score(&random, unlabelled: share), before: before))
      #expect(failed.verdict == .fail && failed.observed.isFinite)
      #expect(failed.detail?.contains("% of the records have no label, in the windows before") == true)
    }
    #expect(finding(score(&random, unlabelled: 0.08), before: before)?.verdict == .pass)
  }

  @Test("few windows or records say nothing for certain, and a stream that tells no times of labels nothing at all")
  func little() {
    var random = SplitMix64(seed: 3)
    let before = (0..<20).map { _ in score(&random) }
    let late = score(&random, seconds: 1e6)
    #expect(finding(late, before: Array(before.prefix(4)))?.verdict == .inconclusive)
    #expect(finding(score(&random, seconds: 1e6, records: 50), before: before)?.verdict == .inconclusive)
    var untold = score(&random, unlabelled: 0.9)
    untold.labelDelays = nil
    #expect(finding(untold, before: before) == nil)
  }
}
