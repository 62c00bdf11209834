import Foundation
import Health
import Testing
import Vocabulary

@Suite("What the rule about records learned by heart says")
struct OverfittingRuleTests {
  private func score(_ after: Double, records: Int = 400) -> HealthWindow.Score {
    var loss = LearnedLoss()
    for _ in 0..<records { loss.add(before: 0.5, after: after, weight: 1) }
    return HealthWindow.Score(records: 5000, loss: 0.5, relearned: loss)
  }

  private func finding(_ score: HealthWindow.Score, before: [HealthWindow.Score] = []) -> HealthFinding? {
    examine(HealthWindow(score: score, before: before)).first { $0.rule == HealthRule.overfitting.rawValue }
  }

  @Test("fails where a step takes most of its records' loss, beside what steps took before")
  func byHeart() throws {
    let failed = try #require(finding(score(0.1), before: [score(0.49), score(0.48), score(0.49)]))
    #expect(failed.verdict == .fail && abs(failed.observed - 0.8) < 1e-4)
    #expect(
      failed.detail
        == "a step lessens the loss of the records that it learns by 80 %, in the windows before by 2 %")
  }

  @Test("passes what generalises, and a loss that grows; few records say nothing for certain, none nothing")
  func quiet() {
    #expect(finding(score(0.48))?.verdict == .pass && finding(score(0.6))?.verdict == .pass)
    #expect(finding(score(0.1, records: 100))?.verdict == .inconclusive)
    #expect(finding(HealthWindow.Score(records: 5000, loss: 0.5)) == nil && finding(score(0.1, records: 0)) == nil)
  }

  @Test("its sums are the same in whatever order, and take no number that is none")
  func sums() throws {
    var random = SplitMix64(seed: 5)
    let losses = (0..<1000).map { _ in (random.nextUnit() * 3, random.nextUnit() * 3, Double(Float(random.nextUnit())))
    }
    func sum(_ losses: some Sequence<(Double, Double, Double)>) -> LearnedLoss {
      var sum = LearnedLoss()
      for (before, after, weight) in losses { sum.add(before: before, after: after, weight: weight) }
      return sum
    }
    var parts = sum(losses[500...])
    parts.add(sum(losses[..<500].reversed()))
    #expect(parts == sum(losses) && parts.records == 1000)
    let exact = losses.reduce(0) { $0 + $1.2 * ($1.0 - $1.1) } / losses.reduce(0) { $0 + $1.2 * $1.0 }
    #expect(abs(try #require(parts.gap) - exact) < 1e-5)
    parts.add(before: .nan, after: 1, weight: 1)
    parts.add(before: 1, after: .infinity, weight: 1)
    #expect(parts.records == 1000)
    parts.add(before: 1e300, after: -1e300, weight: 1)
    #expect(parts.gap.map(\.isFinite) == true)
  }
}
