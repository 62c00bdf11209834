import Evaluation
import Foundation
import Rollouts
import Testing
import Vocabulary

@Suite("A version on watch")
struct WatchedVersionTests {
  private static let fast = RolloutPolicy(lane: .fast)

  private static func watched(_ number: Int64, _ state: VersionState = .stable) -> VersionFacts {
    var facts = version(number, state)
    facts.isConfirmed = false
    return facts
  }

  /// The learner is better than `anchor`; what the version itself is, its own pairs say.
  private static func trend(
    _ mean: Double = -0.05, over anchor: Int64, own: PairedDifference? = pairs(300, mean: 0)
  ) -> CandidateEvidence {
    CandidateEvidence(records: 4000, meanLoss: 0.4, priorLoss: 0.5).with {
      ($0.trend, $0.trendOver) = (pairs(4000, mean: mean), anchor)
      ($0.comparison, $0.comparedWith) = (own, own == nil ? nil : anchor)
    }
  }

  private func decide(
    _ versions: [VersionFacts], _ evidence: [Int64: CandidateEvidence], _ policy: RolloutPolicy = fast
  ) -> [RolloutDecision] {
    Rollout.decide(versions: versions, evidence: evidence, policy: policy, now: noon)
  }

  @Test(
    "serves on the learner's trend and a first look at its weights, in the fast lane alone, and is not confirmed by that"
  )
  func admitted() throws {
    let versions = [version(1, .stable), version(2, .candidate)]
    let decisions = decide(versions, [2: Self.trend(over: 1)])
    #expect(
      lines(decisions) == [
        "2: candidate → validated (trend)", "1: stable → retired (replaced)", "2: validated → stable (trend)",
      ])
    let after = try Rollout.apply(decisions, to: versions, now: noon)
    #expect(after.first { $0.number == 2 }?.isConfirmed == false)
    #expect(Rollout.anchor(among: after)?.number == 1 && Rollout.rollbackTarget(among: after)?.number == 1)
    #expect(decide(versions, [2: Self.trend(over: 1)], RolloutPolicy(lane: .careful)).isEmpty)
  }

  @Test(
    "is not let in by a trend that is short, or over another version, or against what its own pairs say, or without any of them"
  )
  func refused() {
    let versions = [version(1, .stable), version(2, .candidate)]
    let short = Self.trend(over: 1).with { $0.trend = pairs(1999, mean: -0.5) }
    // One that does not look good at the first look is passed over, where another can take its place; none before that.
    let poor = Self.trend(-0.5, over: 1, own: pairs(256, mean: 0.03))
    #expect(lines(decide(versions, [2: poor])) == ["2: candidate → retired (undecided)"])
    #expect(decide(versions, [2: poor], RolloutPolicy(lane: .careful)).isEmpty)
    #expect(decide(versions, [2: Self.trend(-0.5, over: 1, own: pairs(255, mean: 0.5))]).isEmpty)
    for evidence in [
      short, Self.trend(over: 7), Self.trend(0.02, over: 1), Self.trend(over: 1, own: nil),
      Self.trend(over: 1, own: pairs(255, mean: -0.1)),
    ] { #expect(decide(versions, [2: evidence]).isEmpty) }
    // After the last record of a run none can come.
    let last = Self.trend(over: 1, own: nil).with { $0.isLast = true }
    #expect(lines(decide(versions, [2: last])).last == "2: validated → stable (trend)")
  }

  @Test("a ruined picture of a learner that was good for a million pairs never serves, and is rejected by its own")
  func ruined() {
    let good = pairs(100_000, mean: -0.1)
    let evidence = Self.trend(over: 1, own: pairs(2000, mean: 0.3)).with { $0.trend = good }
    #expect(
      lines(decide([version(1, .stable), version(2, .candidate)], [2: evidence]))
        == ["2: candidate → rejected (paired_loss)"])
  }

  @Test("is confirmed by its own pairs, once")
  func confirmed() throws {
    let versions = [version(1, .retired), Self.watched(2)]
    let evidence = [Int64(2): compared(mean: -0.05, with: 1)]
    let decisions = decide(versions, evidence)
    #expect(lines(decisions) == ["2: stable → stable (paired_loss)"])
    #expect(decisions.first?.reason.hasSuffix("and is confirmed.") == true)
    let after = try Rollout.apply(decisions, to: versions, now: noon.addingTimeInterval(5))
    #expect(after.first { $0.number == 2 }?.isConfirmed == true)
    #expect(after.first { $0.number == 2 }?.since == noon, "it serves on, and is not another stint")
    #expect(Rollout.anchor(among: after)?.number == 2)
    #expect(decide(after, evidence).isEmpty)
  }

  @Test("goes back to the version confirmed last, whatever served on watch in between, if its own pairs are worse")
  func rolledBack() {
    let versions = [version(1, .retired), Self.watched(2, .retired), Self.watched(3)]
    #expect(
      lines(decide(versions, [3: compared(mean: 0.02, with: 1)])) == [
        "3: stable → rolled_back (paired_loss)", "1: retired → stable (rollback_target)",
      ])
  }

  @Test(
    "where newer ones take its place faster than any can be confirmed, it is confirmed all the same, and they go on serving"
  )
  func confirmedLater() throws {
    let versions = [version(1, .retired), Self.watched(2, .retired), Self.watched(3, .retired), Self.watched(4)]
    let decisions = decide(versions, [2: compared(mean: -0.05, with: 1), 4: Self.trend(over: 1)])
    #expect(lines(decisions) == ["2: retired → retired (paired_loss)"])
    let after = try Rollout.apply(decisions, to: versions, now: noon)
    #expect(Rollout.anchor(among: after)?.number == 2 && Rollout.rollbackTarget(among: after)?.number == 2)
    #expect(after.first { $0.state == .stable }?.number == 4)
    #expect(Rollout.confirming(among: after)?.number == 3)
    // One that turns out worse does not serve again, and the next is looked at.
    let worse = try Rollout.apply(
      decide(versions, [2: compared(mean: 0.02, with: 1), 4: Self.trend(over: 1)]), to: versions, now: noon)
    #expect(worse.first { $0.number == 2 }?.state == .rejected && Rollout.confirming(among: worse)?.number == 3)
    #expect(Rollout.anchor(among: worse)?.number == 1)
  }

  @Test("small steps down cannot follow each other: each is held against the version confirmed last")
  func chain() throws {
    // Each version is worse than the one before by less than can be told from it, and the learner always seems better.
    var versions = [version(1, .stable)]
    var worst = 0.0
    for number in Int64(2)...12 {
      versions.append(version(number, .candidate))
      let drop = 0.004 * Double(number - 1)
      var evidence: [Int64: CandidateEvidence] = [:]
      for facts in versions where facts.number > 1 {
        let mean = 0.004 * Double(facts.number - 1)
        evidence[facts.number] = Self.trend(over: 1, own: pairs(4000, mean: mean))
      }
      for _ in 0..<3 {
        versions = try Rollout.apply(decide(versions, evidence), to: versions, now: noon)
      }
      let stable = try #require(versions.first { $0.state == .stable })
      worst = max(worst, 0.004 * Double(stable.number - 1))
      #expect(drop < 0.011 || stable.number < number)
    }
    #expect(worst < 0.011, "a tolerance and what 4000 pairs leave open")
  }

  @Test("a confirmed version goes back to the one before, where that one has become better by more than is tolerated")
  func outlived() {
    let versions = [version(1, .retired), version(2, .stable)]
    #expect(
      lines(decide(versions, [1: compared(mean: -0.03, with: 2)])) == [
        "2: stable → rolled_back (paired_loss)", "1: retired → stable (rollback_target)",
      ])
    for theirs in [
      compared(mean: -0.004, with: 2), compared(mean: -0.03, with: 9), compared(1999, mean: -0.5, with: 2),
    ] {
      #expect(decide(versions, [1: theirs]).isEmpty)
    }
  }

  @Test(
    "whom a person replaced by an older version does not come back by itself, and the older one is the anchor from then on"
  )
  func personGoesBack() throws {
    let versions = [
      version(1, .retired, secondsAgo: 90), version(2, .stable, secondsAgo: 10), version(5, .retired, secondsAgo: 10),
    ]
    #expect(Rollout.rollbackTarget(among: versions)?.number == 1)
    let back = try Rollout.rollBack(by: "ada", versions: versions)
    #expect(lines(back) == ["2: stable → rolled_back (person)", "5: retired → stable (rollback_target)"])
    #expect(decide(versions, [5: compared(mean: -0.05, with: 2)]).isEmpty)
    let later = [
      version(1, .retired, secondsAgo: 90), version(2, .retired, secondsAgo: 5), version(5, .retired, secondsAgo: 10),
      Self.watched(6),
    ]
    #expect(Rollout.anchor(among: later)?.number == 2)
  }

  @Test("a person confirms it by name")
  func byPerson() throws {
    let versions = [version(1, .retired), Self.watched(2)]
    #expect(lines(try Rollout.promote(2, by: "ada", versions: versions)) == ["2: stable → stable (person)"])
  }

  @Test("the anchor comes first among those who are asked, and a candidate keeps its place until a newer one is there")
  func scored() {
    func numbers(_ versions: [VersionFacts]) -> [Int64] { Rollout.scored(among: versions).map(\.number) }
    #expect(numbers([]).isEmpty && numbers([version(1, .candidate)]).isEmpty)
    #expect(numbers([version(1, .stable)]) == [1])
    #expect(
      numbers([version(1, .retired), version(2, .retired), version(4, .stable), version(5, .candidate)]) == [4, 5, 2])
    #expect(
      numbers([version(1, .retired), Self.watched(2, .retired), Self.watched(4), version(5, .candidate)]) == [
        1, 4, 2, 5,
      ])
    #expect(
      numbers([
        version(1, .retired), version(2, .stable), version(3, .canary), version(4, .validated), version(5, .candidate),
      ])
        == [2, 3, 5, 1])
  }
}
