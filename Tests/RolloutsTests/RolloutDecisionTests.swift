import Evaluation
import Foundation
import Health
import Rollouts
import Testing
import Vocabulary

@Suite("Rollout decisions")
struct RolloutDecisionTests {
  struct Look: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let versions: [VersionFacts]
    let evidence: [Int64: CandidateEvidence]
    var policy = RolloutPolicy()
    let expected: [String]
  }

  private static let withCanary = RolloutPolicy(canary: [0.1])

  private static let withoutStable: [Look] = [
    Look(testDescription: "no version, no decision", versions: [], evidence: [:], expected: []),
    Look(
      testDescription: "a first candidate that beats the prior is validated and stable",
      versions: [version(1, .candidate)], evidence: [1: alone(loss: 0.4)],
      expected: ["1: candidate → validated (beats_prior)", "1: validated → stable (beats_prior)"]),
    Look(
      testDescription: "a first candidate skips the canary: there is nothing to hold it against",
      versions: [version(1, .candidate)], evidence: [1: alone(loss: 0.4)], policy: withCanary,
      expected: ["1: candidate → validated (beats_prior)", "1: validated → stable (beats_prior)"]),
    Look(
      testDescription: "a first candidate that does not beat the prior is rejected",
      versions: [version(1, .candidate)], evidence: [1: alone(loss: 0.5)],
      expected: ["1: candidate → rejected (beats_prior)"]),
    Look(
      testDescription: "too few records decide nothing",
      versions: [version(1, .candidate)], evidence: [1: alone(1999, loss: 0.9)], expected: []),
    Look(
      testDescription: "no evidence decides nothing", versions: [version(1, .candidate)], evidence: [:], expected: []),
    Look(
      testDescription: "a non-finite parameter needs no records",
      versions: [version(1, .candidate)], evidence: [1: CandidateEvidence(nonFiniteParameter: "output")],
      expected: ["1: candidate → rejected (non_finite)"]),
    Look(
      testDescription: "after a rollback without a target the canary is judged by the prior",
      versions: [version(1, .rolledBack), version(2, .canary, secondsAgo: 60)], evidence: [2: alone(loss: 0.4)],
      policy: withCanary, expected: ["2: canary → stable (beats_prior)"]),
  ]

  private static let withStable: [Look] = [
    Look(
      testDescription: "a better candidate replaces the stable version, which makes room first",
      versions: [version(1, .stable), version(2, .candidate)], evidence: [2: compared(mean: -0.05, with: 1)],
      expected: [
        "2: candidate → validated (paired_loss)", "1: stable → retired (replaced)",
        "2: validated → stable (paired_loss)",
      ]),
    Look(
      testDescription: "a candidate surely beyond the tolerance is rejected",
      versions: [version(1, .stable), version(2, .candidate)], evidence: [2: compared(mean: 0.02, with: 1)],
      expected: ["2: candidate → rejected (paired_loss)"]),
    Look(
      testDescription: "a candidate around the tolerance waits",
      versions: [version(1, .stable), version(2, .candidate)], evidence: [2: compared(mean: 0.005, with: 1)],
      expected: []),
    Look(
      testDescription: "too few pairs wait, however good",
      versions: [version(1, .stable), version(2, .candidate)], evidence: [2: compared(1999, mean: -0.5, with: 1)],
      expected: []),
    Look(
      testDescription: "beating the prior is not enough where there is a stable version",
      versions: [version(1, .stable), version(2, .candidate)], evidence: [2: alone(loss: 0.1)], expected: []),
    Look(
      testDescription: "a comparison with another version than the stable one does not count",
      versions: [version(1, .retired), version(2, .stable), version(3, .candidate)],
      evidence: [3: compared(mean: -0.05, with: 1)], expected: []),
    Look(
      testDescription: "a non-finite output rejects a candidate, however good",
      versions: [version(1, .stable), version(2, .candidate)],
      evidence: [2: compared(mean: -0.05, with: 1).with { $0.nonFiniteOutputs = 1 }],
      expected: ["2: candidate → rejected (non_finite)"]),
    Look(
      testDescription: "a failed health rule rejects candidates and validated versions",
      versions: [version(1, .stable), version(2, .validated), version(3, .candidate)], evidence: [2: sick, 3: sick],
      expected: ["3: candidate → rejected (health)", "2: validated → rejected (health)"]),
    Look(
      testDescription:
        "the stable version is not rolled back for a health finding: it judges, it does not serve wrongly",
      versions: [version(1, .retired), version(2, .stable)], evidence: [2: sick], expected: []),
  ]

  private static let superseding: [Look] = [
    Look(
      testDescription: "the newest that passes goes ahead and the older ones are superseded",
      versions: [version(1, .stable), version(2, .candidate), version(3, .candidate), version(4, .candidate)],
      evidence: [
        2: compared(mean: -0.05, with: 1), 3: compared(mean: -0.05, with: 1), 4: compared(3000, mean: 0.005, with: 1),
      ],
      expected: [
        "3: candidate → validated (paired_loss)", "1: stable → retired (replaced)",
        "3: validated → stable (paired_loss)", "2: candidate → retired (superseded)",
      ]),
    Look(
      testDescription: "an undecided candidate is superseded by a newer one with as much evidence",
      versions: [version(1, .stable), version(2, .candidate), version(3, .candidate)],
      evidence: [2: compared(500, mean: 0, with: 1), 3: compared(500, mean: 0, with: 1)],
      expected: ["2: candidate → retired (superseded)"]),
    Look(
      testDescription: "a newer candidate with less evidence leaves the older one alone",
      versions: [version(1, .stable), version(2, .candidate), version(3, .candidate)],
      evidence: [2: compared(500, mean: 0, with: 1), 3: compared(499, mean: 0, with: 1)], expected: []),
    Look(
      testDescription: "a candidate without evidence makes room for a newer one that has none either",
      versions: [version(1, .candidate), version(2, .candidate)], evidence: [:],
      expected: ["1: candidate → retired (superseded)"]),
    Look(
      testDescription: "a candidate whose pairs say nothing for far too long makes room",
      versions: [version(1, .stable), version(2, .candidate)],
      evidence: [2: compared(5000, mean: 0.005, with: 1)], policy: RolloutPolicy(recordsMin: 100),
      expected: ["2: candidate → retired (undecided)"]),
    Look(
      testDescription: "a rejected newer candidate supersedes nothing",
      versions: [version(1, .stable), version(2, .candidate), version(3, .candidate)],
      evidence: [2: compared(500, mean: 0, with: 1), 3: compared(mean: 0.1, with: 1)],
      expected: ["3: candidate → rejected (paired_loss)"]),
    Look(
      testDescription: "whatever is older than the stable version is superseded, a canary included",
      versions: [version(1, .candidate), version(2, .validated), version(3, .canary), version(4, .stable)],
      evidence: [1: compared(mean: -0.1, with: 4)], policy: withCanary,
      expected: [
        "3: canary → retired (superseded)", "2: validated → retired (superseded)",
        "1: candidate → retired (superseded)",
      ]),
  ]

  private static let canaries: [Look] = [
    Look(
      testDescription: "a better candidate becomes the canary",
      versions: [version(1, .stable), version(2, .candidate)], evidence: [2: compared(mean: -0.05, with: 1)],
      policy: withCanary,
      expected: ["2: candidate → validated (paired_loss)", "2: validated → canary (paired_loss)"]),
    Look(
      testDescription: "a second one waits, validated, until the canary is decided",
      versions: [version(1, .stable), version(2, .canary), version(3, .candidate)],
      evidence: [2: compared(mean: 0.005, with: 1), 3: compared(mean: -0.05, with: 1)], policy: withCanary,
      expected: ["3: candidate → validated (paired_loss)"]),
    Look(
      testDescription: "a canary that passes is stable once its time is over",
      versions: [version(1, .stable), version(2, .canary, secondsAgo: 60)],
      evidence: [2: compared(mean: -0.05, with: 1)], policy: withCanary,
      expected: ["1: stable → retired (replaced)", "2: canary → stable (paired_loss)"]),
    Look(
      testDescription: "a canary that passes waits for its time",
      versions: [version(1, .stable), version(2, .canary, secondsAgo: 59)],
      evidence: [2: compared(mean: -0.05, with: 1)], policy: withCanary, expected: []),
    Look(
      testDescription: "a canary that is worse is rolled back, whatever its time",
      versions: [version(1, .stable), version(2, .canary)], evidence: [2: compared(mean: 0.02, with: 1)],
      policy: withCanary, expected: ["2: canary → rolled_back (paired_loss)"]),
    Look(
      testDescription: "a sick canary is rolled back",
      versions: [version(1, .stable), version(2, .canary)], evidence: [2: sick], policy: withCanary,
      expected: ["2: canary → rolled_back (health)"]),
    Look(
      testDescription: "a canary with one non-finite reply is rolled back, and the next in line takes its place",
      versions: [version(1, .stable), version(2, .canary), version(3, .validated)],
      evidence: [2: CandidateEvidence(nonFiniteOutputs: 1), 3: compared(mean: -0.05, with: 1)], policy: withCanary,
      expected: ["2: canary → rolled_back (non_finite)", "3: validated → canary (paired_loss)"]),
  ]

  private static let rollbacks: [Look] = [
    Look(
      testDescription: "a stable version with a non-finite parameter gives way to the newest that was stable",
      versions: [version(1, .retired), version(2, .retired), version(3, .stable)],
      evidence: [3: CandidateEvidence(nonFiniteParameter: "hidden.0")],
      expected: ["3: stable → rolled_back (non_finite)", "2: retired → stable (rollback_target)"]),
    Look(
      testDescription: "one non-finite reply is enough",
      versions: [version(1, .retired), version(2, .stable)], evidence: [2: CandidateEvidence(nonFiniteOutputs: 1)],
      expected: ["2: stable → rolled_back (non_finite)", "1: retired → stable (rollback_target)"]),
    Look(
      testDescription: "superseded, once rolled back and broken versions are no targets",
      versions: [
        version(1, .retired), version(2, .retired), version(3, .retired, wasRolledBack: true),
        version(4, .retired, wasStable: false), version(5, .rolledBack), version(6, .rejected), version(7, .stable),
      ],
      evidence: [
        7: CandidateEvidence(nonFiniteOutputs: 3), 2: CandidateEvidence(nonFiniteParameter: "output"),
      ],
      expected: ["7: stable → rolled_back (non_finite)", "1: retired → stable (rollback_target)"]),
    Look(
      testDescription: "without a target nothing serves rather than a bad number",
      versions: [version(1, .stable)], evidence: [1: CandidateEvidence(nonFiniteOutputs: 1)],
      expected: ["1: stable → rolled_back (non_finite)"]),
    Look(
      testDescription:
        "in the look of a rollback nothing is promoted or judged by its loss, but the broken is rejected",
      versions: [
        version(1, .retired), version(2, .stable), version(3, .canary, secondsAgo: 99), version(4, .candidate),
        version(5, .candidate), version(6, .candidate),
      ],
      evidence: [
        2: CandidateEvidence(nonFiniteOutputs: 1), 3: compared(mean: -0.05, with: 2), 4: compared(mean: 1, with: 1),
        5: compared(mean: -0.05, with: 2), 6: sick,
      ], policy: withCanary,
      expected: [
        "2: stable → rolled_back (non_finite)", "1: retired → stable (rollback_target)",
        "6: candidate → rejected (health)",
      ]),
  ]

  @Test("follow the rules", arguments: withoutStable + withStable + superseding + canaries + steps + rollbacks)
  func looks(_ look: Look) throws {
    for versions in [look.versions, look.versions.reversed()] {
      let decisions = Rollout.decide(versions: versions, evidence: look.evidence, policy: look.policy, now: noon)
      #expect(lines(decisions) == look.expected)
      // Whatever is decided can be applied, and the next look at the same evidence never undoes it.
      let after = try Rollout.apply(decisions, to: versions, now: noon)
      for decision in Rollout.decide(versions: after, evidence: look.evidence, policy: look.policy, now: noon) {
        #expect(!decisions.contains { $0.version == decision.version && $0.from == decision.to })
      }
    }
  }

  @Test("carry rule, observation, threshold, window and one sentence")
  func journal() throws {
    func only(_ versions: [VersionFacts], _ evidence: [Int64: CandidateEvidence]) throws -> RolloutDecision {
      let first = Rollout.decide(versions: versions, evidence: evidence, policy: RolloutPolicy(), now: noon).first
      return try #require(first)
    }
    let worse = try only([version(1, .stable), version(2, .candidate)], [2: compared(mean: 0.02, with: 1)])
    // The bounds in the sentence: 0.02 ± 0.1·√(2·24.07 / (4000²·0.0057669) · ln(√24.07 / 0.01)), with ρ² for 2000
    // pairs.
    #expect(worse.threshold == 0.005)
    #expect(try #require(worse.observed) > 0.005)
    #expect(worse.window == "4000 pairs")
    #expect(worse.actor == "controller")
    #expect(
      worse.reason == """
        Version 2 is worse than version 1: its loss minus that of version 1 lies between 0.01418 and \
        0.02576, beyond a tolerance of 0.005.
        """)

    let ill = try only([version(2, .candidate)], [2: sick])
    #expect(ill.observed == 0.97)
    #expect(ill.threshold == 0.9)
    #expect(
      ill.reason == "Version 2 failed the health rule dead_units in layer hidden.1: 0.97 against a limit of 0.9.")

    let broken = try only(
      [version(1, .retired), version(2, .stable)], [2: CandidateEvidence(nonFiniteParameter: "output")])
    #expect(broken.reason == "Version 2 has a NaN or infinite parameter in layer output; version 1 returns.")
    #expect(try JSONDecoder().decode(RolloutDecision.self, from: JSONEncoder().encode(broken)) == broken)
  }

  @Test("an undecided version says what it waits for")
  func waiting() {
    let judgement = Rollout.judge(compared(150, mean: 0, with: 1), anchor: 1, policy: RolloutPolicy())
    #expect(judgement.verdict == .inconclusive)
    #expect(judgement.reason == "waits for pairs with version 1: 150 of 2000")
  }

  @Test("the version before returns where a rule of health wants it, if there is one, and nothing is promoted then")
  func returns() {
    func decide(_ versions: [VersionFacts], _ evidence: [Int64: CandidateEvidence]) -> [RolloutDecision] {
      Rollout.decide(
        versions: versions, evidence: evidence, policy: Self.withCanary, isFrozen: true,
        returnsFor: "made room, for dead_units in hidden_1", now: noon)
    }
    let decisions = decide([version(1, .retired), version(2, .stable), version(3, .candidate)], [:])
    #expect(
      lines(decisions).prefix(2) == ["2: stable → rolled_back (health)", "1: retired → stable (rollback_target)"])
    #expect(decisions[0].reason == "Version 2 made room, for dead_units in hidden_1; version 1 returns.")
    #expect(decide([version(2, .stable)], [:]).isEmpty, "nothing is better than nothing")
    let broken = [Int64(1): CandidateEvidence(nonFiniteParameter: "output")]
    #expect(decide([version(1, .retired), version(2, .stable)], broken).isEmpty)
  }

  @Test(
    "while the live model's own sickness freezes promotion, one that another run has learned is promoted all the same")
  func apart() {
    let better = compared(mean: -0.05, with: 1)
    let versions = [version(1, .stable), version(2, .candidate), version(3, .candidate)]
    let evidence = [Int64(2): better, 3: better]
    for (apart, moved) in [([2], true), ([], false)] as [(Set<Int64>, Bool)] {
      let decisions = lines(
        Rollout.decide(
          versions: versions, evidence: evidence, policy: RolloutPolicy(), isFrozen: true, apart: apart, now: noon))
      #expect(decisions.contains { $0.hasPrefix("2: validated → stable") } == moved, "\(decisions)")
      #expect(!decisions.contains { $0.hasPrefix("3: validated → ") }, "\(decisions)")
    }
  }

  @Test("while it is frozen what passes is validated and waits, and what serves stays, or is rolled back, as ever")
  func frozen() {
    func decide(_ versions: [VersionFacts], _ evidence: [Int64: CandidateEvidence]) -> [String] {
      lines(
        Rollout.decide(
          versions: versions, evidence: evidence, policy: Self.withCanary, isFrozen: true, now: noon))
    }
    let better = compared(mean: -0.05, with: 1)
    #expect(
      decide([version(1, .stable), version(2, .candidate)], [2: better]) == ["2: candidate → validated (paired_loss)"])
    #expect(decide([version(1, .stable), version(2, .validated)], [2: better]).isEmpty)
    #expect(decide([version(1, .stable), version(2, .canary, secondsAgo: 3600)], [2: better]).isEmpty)
    #expect(decide([version(1, .candidate)], [1: alone(loss: 0.4)]) == ["1: candidate → validated (beats_prior)"])
    // Neither half of a rollback is left out.
    let broken = CandidateEvidence(nonFiniteOutputs: 1)
    #expect(
      decide([version(1, .retired), version(2, .stable)], [2: broken]) == [
        "2: stable → rolled_back (non_finite)", "1: retired → stable (rollback_target)",
      ])
    #expect(
      decide([version(1, .stable), version(2, .canary)], [2: broken]) == ["2: canary → rolled_back (non_finite)"])
  }
}

extension CandidateEvidence {
  func with(_ change: (inout CandidateEvidence) -> Void) -> CandidateEvidence {
    var evidence = self
    change(&evidence)
    return evidence
  }

  @Test("a feature that nearly every record lacks holds a version back, in words that name it")
  func missingFeature() {
    var evidence = alone(loss: 0.4)
    evidence.findings = [
      HealthFinding(
        rule: "missing_feature", layer: "input", observed: 1, threshold: 0.95, verdict: .fail, feature: "a",
        detail: "feature a (path A) is absent from 3000 of 3000 records (keys near it: a)")
    ]
    let decisions = Rollout.decide(
      versions: [version(1, .candidate)], evidence: [1: evidence], policy: RolloutPolicy(), now: noon)
    #expect(lines(decisions) == ["1: candidate → rejected (health)"])
    #expect(
      decisions.first?.reason
        == "Version 1 failed the health rule missing_feature: feature a (path A) is absent from 3000 of 3000 records "
        + "(keys near it: a).")
  }

  @Test(
    "the tolerance of values follows their variance, whatever their unit",
    arguments: [1e-6, 1, 3600, 1e18] as [Double])
  func toleranceOfValues(variance: Double) {
    let evidence = CandidateEvidence(records: 4000, meanLoss: variance / 2, priorLoss: variance, isOfValues: true)
    #expect(RolloutPolicy().tolerance(for: evidence) == 0.005 * variance)
    #expect(RolloutPolicy(lossToleranceRelative: 0.02).tolerance(for: evidence) == 0.02 * variance)
    #expect(RolloutPolicy(lossTolerance: 25).tolerance(for: evidence) == 25)
  }

  @Test("the tolerance of classes is in nats, and a twentieth of what there is to learn where labels are rare")
  func toleranceOfClasses() {
    func tolerance(_ prior: Double?) -> Double {
      RolloutPolicy().tolerance(for: CandidateEvidence(records: 4000, meanLoss: prior, priorLoss: prior))
    }
    #expect(tolerance(0.69) == 0.005 && tolerance(nil) == 0.005)
    #expect(tolerance(0.008) == 0.05 * 0.008)
    let overflow = CandidateEvidence(records: 4000, priorLoss: .infinity, isOfValues: true)
    #expect(RolloutPolicy().tolerance(for: overflow) == 0)
  }
}
