import Evaluation
import Foundation
import Health
import Rollouts
import Testing
import Vocabulary

@Suite("Any sequence of evidence and people")
struct RolloutPropertyTests {
  @Test(
    "leaves at most one stable and one canary, and nothing rolled back ever serves again by itself",
    arguments: 1...40 as ClosedRange<UInt64>)
  func invariants(seed: UInt64) throws {
    // The seed is the argument, so a failure prints it.
    var random = SplitMix64(seed: seed)
    let policy = Self.policy(&random)
    var versions: [VersionFacts] = []
    var transitions = 0
    for tick in 0..<120 {
      let now = noon.addingTimeInterval(Double(tick) * 10)
      if random.next() % 2 == 0 {
        versions.append(
          VersionFacts(
            number: Int64(versions.count + 1), state: .candidate, since: now, checkpoint: 1, wasStable: false,
            wasRolledBack: false))
      }
      let isFrozen = random.next() % 4 == 0
      let decisions: [RolloutDecision]
      switch random.next() % 12 {
      case 0:
        let chosen = Int64(random.next() % UInt64(versions.count + 1))
        decisions = (try? Rollout.promote(chosen, by: "ada", versions: versions)) ?? []
      case 1: decisions = (try? Rollout.rollBack(by: "ada", versions: versions)) ?? []
      case 2:
        let chosen = Int64(random.next() % UInt64(versions.count + 1))
        decisions = (try? Rollout.reject(chosen, by: "ada", versions: versions)) ?? []
      default:
        let evidence = evidence(for: versions, &random)
        decisions = Rollout.decide(versions: versions, evidence: evidence, policy: policy, isFrozen: isFrozen, now: now)
        check(decisions, among: versions, policy, isFrozen: isFrozen, now: now)
        check(decisions, among: versions, evidence, policy)
      }
      let before = versions
      versions = try Rollout.apply(decisions, to: versions, now: now)
      transitions += decisions.count
      #expect(versions.count { $0.state == .stable } <= 1)
      #expect(versions.count { $0.state == .canary } <= 1)
      // Whatever serves on watch, what was confirmed last can come back, unless a person took it away.
      if let stable = versions.first(where: { $0.state == .stable }), !stable.isConfirmed {
        let anchor = Rollout.anchor(among: versions)
        #expect(anchor?.isConfirmed ?? false || versions.contains { $0.isConfirmed && $0.wasRolledBack })
      }
      for decision in decisions {
        let wasRolledBack = before.first { $0.number == decision.version }?.wasRolledBack ?? false
        if wasRolledBack, decision.from == .rolledBack || decision.from == .retired {
          #expect(decision.actor == "person:ada", "version \(decision.version) came back by itself")
        }
        #expect(!decision.reason.isEmpty && !decision.rule.isEmpty && !decision.window.isEmpty)
      }
    }
    #expect(transitions > 20)
  }

  private static func policy(_ random: inout SplitMix64) -> RolloutPolicy {
    func one<Value>(of values: [Value]) -> Value { values[Int(random.next() % UInt64(values.count))] }
    return RolloutPolicy(
      recordsMin: 200, lane: one(of: [.fast, .careful]), canary: one(of: [[], [0.1], [0.05, 0.25, 0.5]]),
      hold: one(of: [.zero, .seconds(20)]), requestsMin: one(of: [0, 100]), durationMax: one(of: [nil, .seconds(150)]),
      onInconclusive: one(of: [.retire, .hold]), warmUp: one(of: [.zero, .seconds(10)]),
      coolDown: one(of: [.zero, .seconds(60)]))
  }

  private static let breach = ServingObjective(availability: 0.999).findings(
    in: ServingHistory([ServingSample(at: noon, version: 1, counts: ServingCounts(requests: 2000, failed: 100))]),
    now: noon
  ).first

  /// What the controller decided by itself.
  private func check(
    _ decisions: [RolloutDecision], among before: [VersionFacts], _ policy: RolloutPolicy, isFrozen: Bool, now: Date
  ) {
    let held = (policy.hold + policy.warmUp).seconds
    var isCooling = before.contains {
      $0.state == .rolledBack && now.timeIntervalSince($0.since) < policy.coolDown.seconds
    }
    for decision in decisions {
      guard let own = before.first(where: { $0.number == decision.version }) else { continue }
      if decision.promotes {
        #expect(!isFrozen, "version \(own.number) was promoted while it was frozen")
        #expect(!isCooling, "version \(own.number) was promoted soon after a rollback")
        #expect(decision.rule != RolloutRule.undecided.rawValue && decision.rule != RolloutRule.evidence.rawValue)
      }
      if decision.to == .rolledBack, policy.coolDown > .zero { isCooling = true }
      guard decision.to == .canary || own.state == .canary && decision.to == .stable else { continue }
      if own.state == .canary {
        #expect(now.timeIntervalSince(own.sharedSince) >= held, "share \(own.share) was not held")
        #expect(decision.shareInForce > own.share, "the share of version \(own.number) went down")
      }
      // One step after the other, none left out.
      let next = own.state == .canary ? policy.canary.first { $0 > own.share } : policy.canary.first
      #expect(decision.share == next)
    }
  }

  /// What is known of a version and speaks against it.
  private func check(
    _ decisions: [RolloutDecision], among before: [VersionFacts], _ evidence: [Int64: CandidateEvidence],
    _ policy: RolloutPolicy
  ) {
    func first(of version: VersionFacts) -> RolloutDecision? { decisions.first { $0.version == version.number } }
    for version in before {
      guard let own = evidence[version.number] else { continue }
      if version.state == .canary, let answers = own.traffic?.answers {
        let isAsked = (own.traffic?.requests ?? 0) >= policy.requestsMin
        let isGood = answers == Self.quick && isAsked
        if !isGood, let decision = first(of: version) { #expect(!decision.promotes, "\(decision.reason)") }
        // Nothing else speaks against it or leads it away: it goes.
        if answers == Self.slow { #expect(first(of: version)?.to != .stable && first(of: version)?.to != .canary) }
      }
      if version.state == .stable, !version.isConfirmed, own.slices == Self.badSlice,
        let anchor = Rollout.anchor(among: before), anchor.number != version.number, !anchor.wasRolledBack,
        evidence[anchor.number]?.isNonFinite != true, own.pairs(with: anchor.number)?.count ?? 0 >= policy.recordsMin
      {
        #expect(first(of: version)?.to == .rolledBack, "version \(version.number) is worse on a slice, and serves on")
      }
    }
    // Whom the trend let in, and who left: nobody follows by the trend alone.
    guard let anchor = Rollout.anchor(among: before) else { return }
    let mistrusts = before.contains {
      $0.state == .rolledBack && $0.wasStable && !$0.isConfirmed && $0.since >= anchor.since
    }
    let confirms = decisions.contains { $0.from == $0.to && $0.confirms }
    if mistrusts, !confirms { #expect(!decisions.contains { $0.rule == "trend" && $0.promotes }) }
  }

  private static func answers(_ milliseconds: Double) -> SplitAnswers {
    (0..<800).reduce(into: SplitAnswers()) { answers, request in
      let isCanary = request % 2 == 0
      answers.add(.milliseconds(isCanary ? milliseconds : 2), byCanary: isCanary)
    }
  }

  private static let (quick, slow) = (answers(2), answers(40))
  private static let badSlice = [SliceEvidence(name: "carrier=J", loss: pairs(4000, mean: 0.5))]

  private func evidence(
    for versions: [VersionFacts], _ random: inout SplitMix64
  ) -> [Int64: CandidateEvidence] {
    let stable = Rollout.anchor(among: versions)?.number
    var evidence: [Int64: CandidateEvidence] = [:]
    for version in versions where ![.rejected, .rolledBack].contains(version.state) {
      var one = CandidateEvidence(records: 300, meanLoss: 0.3 + 0.3 * random.nextUnit(), priorLoss: 0.5)
      if let stable, random.next() % 4 != 0 {
        one.comparison = pairs(150 + Int(random.next() % 400), mean: 0.2 * (random.nextUnit() - 0.6))
        one.comparedWith = random.next() % 8 == 0 ? stable + 1 : stable
      }
      if let stable, random.next() % 2 == 0 {
        (one.trend, one.trendOver) = (
          pairs(150 + Int(random.next() % 400), mean: 0.2 * (random.nextUnit() - 0.7)), stable
        )
        one.isLast = random.next() % 8 == 0
      }
      if random.next() % 20 == 0 { one.nonFiniteOutputs = 1 }
      if random.next() % 40 == 0 { one.nonFiniteParameter = "output" }
      if random.next() % 20 == 0 { one.findings = sick.findings }
      if random.next() % 30 == 0 { one.breach = Self.breach }
      if random.next() % 10 == 0 { (one.slices, one.slicesMax) = (Self.badSlice, 65) }
      if random.next() % 20 == 0 {
        one.decline = Decline(logEvidence: 20 * random.nextUnit(), margin: 0.005, pairs: 300)
      }
      if version.state == .canary, random.next() % 3 == 0 {
        one.traffic = CanaryTraffic(
          servers: 1, requests: Int64(random.next() % 200), answers: random.next() % 3 == 0 ? Self.slow : Self.quick)
      }
      evidence[version.number] = one
    }
    return evidence
  }
}
