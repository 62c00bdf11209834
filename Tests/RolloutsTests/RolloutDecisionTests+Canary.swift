import Evaluation
import Foundation
import Health
import Rollouts
import Testing
import Vocabulary

extension RolloutDecisionTests {
  static let inSteps = RolloutPolicy(
    canary: [0.05, 0.25], hold: .seconds(60), durationMax: .seconds(600), warmUp: .seconds(5), coolDown: .seconds(120))

  static let steps: [Look] = [
    Look(
      testDescription: "a canary that passes gets the next share once it was held at the one before, after the warm-up",
      versions: [version(1, .stable), version(2, .canary, secondsAgo: 300, share: 0.05, sharedSecondsAgo: 65)],
      evidence: [2: compared(mean: -0.05, with: 1)], policy: inSteps, expected: ["2: canary → canary (canary_step)"]),
    Look(
      testDescription: "it waits for that, however long it has been the canary",
      versions: [version(1, .stable), version(2, .canary, secondsAgo: 300, share: 0.05, sharedSecondsAgo: 64)],
      evidence: [2: compared(mean: -0.05, with: 1)], policy: inSteps, expected: []),
    Look(
      testDescription: "after the last share it is stable",
      versions: [version(1, .stable), version(2, .canary, secondsAgo: 300, share: 0.25, sharedSecondsAgo: 65)],
      evidence: [2: compared(mean: -0.05, with: 1)], policy: inSteps,
      expected: ["1: stable → retired (replaced)", "2: canary → stable (paired_loss)"]),
    Look(
      testDescription: "one that nothing can be said of keeps its share, and makes room when its time is over",
      versions: [version(1, .stable), version(2, .canary, secondsAgo: 600), version(3, .candidate, secondsAgo: 599)],
      evidence: [2: compared(mean: 0.005, with: 1), 3: compared(100, mean: 0, with: 1)], policy: inSteps,
      expected: ["2: canary → retired (undecided)"]),
    Look(
      testDescription: "after a rollback nothing is promoted for a while, and what passes is validated",
      versions: [
        version(1, .stable), version(2, .rolledBack, secondsAgo: 119),
        version(3, .canary, secondsAgo: 300), version(4, .candidate),
      ],
      evidence: [3: compared(mean: -0.05, with: 1), 4: compared(mean: -0.05, with: 1)], policy: inSteps,
      expected: ["4: candidate → validated (paired_loss)"]),
    Look(
      testDescription: "the rollback of a canary is one too",
      versions: [version(1, .stable), version(2, .canary), version(3, .validated)],
      evidence: [2: sick, 3: compared(mean: -0.05, with: 1)], policy: inSteps,
      expected: ["2: canary → rolled_back (health)"]),
    Look(
      testDescription: "then versions go on",
      versions: [version(1, .stable), version(2, .rolledBack, secondsAgo: 120), version(4, .validated)],
      evidence: [4: compared(mean: -0.05, with: 1)], policy: inSteps,
      expected: ["4: validated → canary (paired_loss)"]),
  ]

  @Test("what is undecided for too long keeps its place where a person is to say what becomes of it")
  func heldForAPerson() {
    var policy = Self.inSteps
    policy.onInconclusive = .hold
    let versions = [version(1, .stable), version(2, .canary, secondsAgo: 600)]
    let evidence = [Int64(2): compared(mean: 0.005, with: 1)]
    #expect(Rollout.decide(versions: versions, evidence: evidence, policy: policy, now: noon).isEmpty)
    let waits = Rollout.waits(
      versions[1], evidence[2] ?? CandidateEvidence(), among: versions, policy: policy, now: noon)
    #expect(waits?.hasPrefix("is held until it is decided or a person promotes one: it waits for more records") == true)
  }

  @Test("the share of a canary only rises") func falling() {
    let versions = [version(1, .stable), version(2, .canary, share: 0.25)]
    func give(_ share: Double) throws -> [VersionFacts] {
      try Rollout.apply(
        [
          RolloutDecision(
            version: 2, from: .canary, to: .canary, rule: .canaryStep, window: "w", reason: "r", actor: .controller,
            share: share)
        ], to: versions, now: noon)
    }
    #expect(throws: RolloutError.self) { try give(0.25) }
    #expect(throws: RolloutError.self) { try give(0.05) }
    #expect(throws: Never.self) { try give(0.5) }
  }
}
