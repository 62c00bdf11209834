import Evaluation
import Foundation
import Rollouts
import Testing
import Vocabulary

@Suite("A version that becomes worse")
struct DeclineTests {
  private static let policy = RolloutPolicy(canary: [0.1, 0.5])

  private static let decline = Decline(
    logEvidence: 20, margin: 0.005, pairs: 50_000,
    began: Decline.Onset(pairsAgo: 800, before: -0.02, since: 0.2, at: noon.addingTimeInterval(-300)))

  private static func decide(_ versions: [VersionFacts], _ evidence: [Int64: CandidateEvidence]) -> [RolloutDecision] {
    Rollout.decide(versions: versions, evidence: evidence, policy: policy, now: noon)
  }

  private static func onWatch(_ number: Int64) -> VersionFacts {
    var facts = version(number, .stable)
    facts.isConfirmed = false
    return facts
  }

  @Test("is rejected or rolled back wherever it stands, however good its long history, and it is told since when")
  func newer() throws {
    // Over all pairs it is better.
    let evidence = compared(50_000, mean: -0.02, with: 1).with { $0.decline = Self.decline }
    #expect(
      lines(Self.decide([version(1, .stable), version(2, .candidate)], [2: evidence]))
        == ["2: candidate → rejected (decline)"])
    let decisions = Self.decide([version(1, .stable), version(2, .canary)], [2: evidence])
    #expect(lines(decisions) == ["2: canary → rolled_back (decline)"])
    let only = try #require(decisions.first)
    #expect(
      only.reason
        == "Version 2 has become worse than version 1: its loss minus that of version 1 is 0.2 in the last 800 of 50000 "
        + "pairs, and was -0.02 before, beyond a tolerance of 0.005; it probably began 800 pairs ago, "
        + "after 2023-11-14T22:08:20Z.")
    #expect(only.observed == 0.2 && only.threshold == 0.005 && only.window == "50000 pairs")
    #expect(
      lines(Self.decide([version(1, .retired), Self.onWatch(2)], [2: evidence]))
        == ["2: stable → rolled_back (decline)", "1: retired → stable (rollback_target)"])
  }

  @Test("a confirmed one makes room for the one before, of whose pairs with it the watch is")
  func confirmed() throws {
    let theirs = compared(50_000, mean: 0.02, with: 2).with { $0.decline = Self.decline }
    let decisions = Self.decide([version(1, .retired), version(2, .stable)], [1: theirs])
    #expect(lines(decisions) == ["2: stable → rolled_back (decline)", "1: retired → stable (rollback_target)"])
    #expect(decisions.first?.reason.hasPrefix("Version 2 has become worse than version 1: its loss minus") == true)
    let weak = theirs.with { $0.decline?.logEvidence = 5 }
    #expect(Self.decide([version(1, .retired), version(2, .stable)], [1: weak]).isEmpty)
    let few = compared(1999, mean: 0.02, with: 2).with { $0.decline = Self.decline }
    #expect(Self.decide([version(1, .retired), version(2, .stable)], [1: few]).isEmpty)
  }

  @Test("evidence that is weak says nothing, and the error is one: the bounds are wider by what the watch has of it")
  func weak() throws {
    let weak = Decline(logEvidence: 4, margin: 0.005, pairs: 4000)
    let good = compared(mean: -0.05, with: 1).with { $0.decline = weak }
    #expect(Rollout.judge(good, anchor: 1, policy: Self.policy).verdict == .pass)
    let worse = compared(mean: 0.05, with: 1)
    let pairs = try #require(worse.comparison)
    let alone = Rollout.lossComparison(worse, pairs, policy: Self.policy)
    let both = Rollout.lossComparison(worse.with { $0.decline = weak }, pairs, policy: Self.policy)
    #expect(both.lower < alone.lower && both.upper == alone.upper && !both.hasDeclined)
    // What its pairs condemn is told since when, where that is known.
    let told = Rollout.judge(worse.with { $0.decline = Self.decline }, anchor: 1, policy: Self.policy)
    #expect(told.rule == .pairedLoss && told.reason.contains("; it probably began 800 pairs ago"), "\(told.reason)")
    let always = Decline(logEvidence: 20, margin: 0.005, pairs: 900)
    let late = Rollout.judge(
      compared(mean: -0.05, with: 1).with { $0.decline = always }, anchor: 1, policy: Self.policy)
    #expect(late.reason == "has become worse than version 1 of late, beyond a tolerance of 0.005")
  }
}
