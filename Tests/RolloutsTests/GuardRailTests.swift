import Evaluation
import Rollouts
import Testing

@Suite("Guard rails")
struct GuardRailTests {
  private static func evidence(moreErrors share: Double, lessArea: Bool) -> CandidateEvidence {
    compared(8000, mean: -0.05, with: 1).with { evidence in
      var (errors, area) = (BoundedDifference(), PairedArea())
      for row in 0..<8000 {
        errors.add(candidateErrs: Double(row % 100) < 100 * share, baselineErrs: false)
        let isPositive = row % 2 == 0
        let score: Float = isPositive ? 0.8 : 0.2
        // One record in eight is ranked as badly as can be.
        area.add(candidate: lessArea && row % 8 < 2 ? 1 - score : score, baseline: score, isPositive: isPositive)
      }
      (evidence.errors, evidence.area) = (errors, area)
    }
  }

  private static func decide(_ evidence: CandidateEvidence) -> [String] {
    lines(
      Rollout.decide(
        versions: [version(1, .stable), version(2, .candidate)], evidence: [2: evidence], policy: RolloutPolicy(),
        now: noon))
  }

  @Test("a version with less loss and many more wrong answers, or a much worse order, is rejected all the same")
  func condemn() {
    let good = [
      "2: candidate → validated (paired_loss)", "1: stable → retired (replaced)", "2: validated → stable (paired_loss)",
    ]
    #expect(Self.decide(Self.evidence(moreErrors: 0, lessArea: false)) == good)
    #expect(Self.decide(Self.evidence(moreErrors: 0.01, lessArea: false)) == good, "within the margin")
    #expect(Self.decide(Self.evidence(moreErrors: 0.06, lessArea: false)) == ["2: candidate → rejected (guard_rail)"])
    #expect(Self.decide(Self.evidence(moreErrors: 0, lessArea: true)) == ["2: candidate → rejected (guard_rail)"])
  }
}
