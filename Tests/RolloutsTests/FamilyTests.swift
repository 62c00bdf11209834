import Evaluation
import Rollouts
import Testing
import Vocabulary

@Suite("A family of comparisons")
struct FamilyTests {
  private let family = Family(alpha: 0.02, measures: [.loss, .area], slices: ["a", "b", "c"])

  private func compare(
    _ measure: ComparedMeasure, of slice: String? = nil, _ lower: Double, _ upper: Double, gainMin: Double = 0,
    hasDeclined: Bool = false, ago: Int64? = nil
  ) -> MeasureComparison {
    MeasureComparison(
      measure: measure, slice: slice, margin: 0.01, gainMin: gainMin, lower: lower, upper: upper, pairs: 9000,
      hasDeclined: hasDeclined, beganPairsAgo: ago)
  }

  @Test("what may condemn shares half of the error, what must all pass has the other half each")
  func shares() {
    let overall = (1 - family.condemningConfidence) / 2 * 2
    let slices = (1 - (family.sliceConfidence ?? 0)) / 2 * 6
    #expect(abs(overall + slices - 0.01) < 1e-12)
    #expect(abs((1 - family.promotingConfidence) / 2 - 0.01) < 1e-12)
    let alone = Family(alpha: 0.02, measures: [.loss])
    #expect(alone.sliceConfidence == nil && abs(alone.condemningConfidence - 0.98) < 1e-12)
  }

  @Test("all measures must pass")
  func passing() {
    let good = [compare(.loss, -0.01, 0.005), compare(.area, -0.02, 0.01)]
    #expect(FamilyJudgement(good, family: family).verdict == .pass)
    let missing = FamilyJudgement([good[0]], family: family)
    #expect(missing.verdict == .inconclusive && missing.reason.contains("area"))
    let open = FamilyJudgement([good[0], compare(.area, -0.02, 0.011)], family: family)
    #expect(open.verdict == .inconclusive)
    #expect(open.reason == "waits for more records: its area may still be worse by 0.011, beyond a margin of 0.01")
  }

  @Test("where a gain is wanted, as good is not enough")
  func gain() {
    let area = compare(.area, -0.02, 0)
    func verdict(_ upper: Double) -> Verdict {
      FamilyJudgement([compare(.loss, -0.05, upper, gainMin: 0.02), area], family: family).verdict
    }
    #expect(verdict(0) == .inconclusive)
    #expect(verdict(-0.019) == .inconclusive)
    #expect(verdict(-0.02) == .pass)
  }

  @Test("one worse measure condemns, and it is said since when")
  func failing() {
    let judged = FamilyJudgement(
      [compare(.loss, -0.01, 0.005), compare(.area, 0.02, 0.04, ago: 2000)], family: family)
    #expect(judged.verdict == .fail)
    #expect(
      judged.reason
        == "is worse: its area is worse by at least 0.02, beyond a margin of 0.01, since about 2000 of 9000 pairs")
    let declined = FamilyJudgement(
      [compare(.loss, -0.01, 0.005, hasDeclined: true, ago: 300), compare(.area, -0.02, 0.01)], family: family)
    #expect(declined.verdict == .fail && declined.reason.contains("now worse than before"))
  }

  @Test(
    "a slice that is worse holds up a version that is good overall, and is told by name; one without error's share is not heard"
  )
  func slices() {
    let good = [compare(.loss, -0.01, 0.005), compare(.area, -0.02, 0.01)]
    let judged = FamilyJudgement(
      good + [compare(.loss, of: "b", 0.1, 0.3), compare(.loss, of: "a", 0.02, 0.3)], family: family)
    #expect(judged.verdict == .inconclusive)
    #expect(
      judged.reason
        == "is good overall, but its loss of slice b is worse by 0.1 to 0.3, beyond a margin of 0.01, since its first pair"
    )
    #expect(FamilyJudgement(good + [compare(.loss, of: "z", 0.1, 0.3)], family: family).verdict == .pass)
    #expect(FamilyJudgement(good + [compare(.loss, of: "b", -0.1, 0.3)], family: family).verdict == .pass)
  }
}
