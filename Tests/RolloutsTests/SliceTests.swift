import Evaluation
import Foundation
import Rollouts
import Testing
import Vocabulary

@Suite("Versions by slice")
struct SliceTests {
  /// Pairs of a slice that differ by `mean`, with noise of a known seed.
  private static func slice(
    _ name: String, _ count: Int, mean: Double, random: inout SplitMix64, errors: Double = 0
  ) -> SliceEvidence {
    var (loss, wrong) = (PairedDifference(), BoundedDifference())
    for row in 0..<count {
      loss.add(candidate: 0.5 + mean + 0.1 * Double(random.nextNearlyNormal()), baseline: 0.5)
      wrong.add(candidateErrs: Double(row % 100) < 100 * errors, baselineErrs: false)
    }
    return SliceEvidence(name: name, loss: loss, errors: wrong)
  }

  /// Good over all records; `bad` says how much worse each slice is.
  private static func evidence(
    _ slices: Int, overall: Double = -0.02, seed: UInt64, records: Int = 2000, errors: Double = 0,
    bad: (Int) -> Double = { _ in 0 }
  ) -> CandidateEvidence {
    var random = SplitMix64(seed: seed)
    return compared(20_000, mean: overall, with: 1).with { evidence in
      evidence.slicesMax = SliceTable.placesPerField
      evidence.slices = (0..<slices).map {
        slice("carrier=\($0)", records, mean: bad($0), random: &random, errors: $0 == 4 ? errors : 0)
      }
    }
  }

  private static func decide(
    _ evidence: CandidateEvidence, lane: RolloutPolicy.Lane = .careful, _ state: VersionState = .candidate
  ) -> [String] {
    var evidence = evidence
    // The learner's trend is as good as can be.
    (evidence.trend, evidence.trendOver) = (pairs(50_000, mean: -0.1), 1)
    return lines(
      Rollout.decide(
        versions: [version(1, .stable), version(2, state)], evidence: [2: evidence],
        policy: RolloutPolicy(lane: lane, canary: state == .canary ? [0.1, 0.5] : [], hold: .zero), now: noon))
  }

  @Test(
    "one that is better over all and much worse for one value is undecided in every lane and place, and it is said for which"
  )
  func worse() {
    let evidence = Self.evidence(30, seed: 3) { $0 == 7 ? 0.3 : 0 }
    for lane in [RolloutPolicy.Lane.careful, .fast] {
      #expect(Self.decide(evidence, lane: lane).isEmpty)
      #expect(Self.decide(evidence, lane: lane, .canary).isEmpty)
    }
    let judged = Rollout.judge(evidence, anchor: 1, policy: RolloutPolicy())
    #expect(judged.verdict == .inconclusive && judged.rule == .slice && judged.window == "2000 pairs of carrier=7")
    #expect(
      judged.reason.hasPrefix("is good overall, but its loss of slice carrier=7 is worse by 0.2"), "\(judged.reason)")
    #expect(judged.reason.contains("beyond a margin of 0.02") && judged.reason.contains("against version 1"))
    let waits = Rollout.waits(
      version(2, .candidate), evidence, among: [version(1, .stable), version(2, .candidate)],
      policy: RolloutPolicy(lane: .fast), now: noon)
    #expect(waits == judged.reason)
    let wrong = Self.evidence(30, seed: 3, errors: 0.2)
    #expect(Rollout.judge(wrong, anchor: 1, policy: RolloutPolicy()).reason.contains("its error of slice carrier=4"))
  }

  @Test(
    "in the end it makes room, and the journal says for which slice; one that is worse over all is rejected as ever")
  func ends() throws {
    let evidence = Self.evidence(30, seed: 3) { $0 == 7 ? 0.3 : 0 }
    let decisions = Rollout.decide(
      versions: [version(1, .stable), version(2, .candidate)], evidence: [2: evidence],
      policy: RolloutPolicy(recordsMin: 400), now: noon)
    let only = try #require(decisions.first)
    #expect(lines(decisions) == ["2: candidate → retired (undecided)"])
    #expect(only.reason.contains("carrier=7") && only.window == "2000 pairs of carrier=7")
    #expect(Self.decide(Self.evidence(30, overall: 0.3, seed: 3)) == ["2: candidate → rejected (paired_loss)"])
  }

  @Test(
    "one that serves on watch and is worse on a slice alone goes back to the version confirmed last, and the journal says for which; so does one that has made room by then"
  )
  func onWatch() throws {
    let evidence = Self.evidence(30, seed: 3) { $0 == 7 ? 0.3 : 0 }
    func watched(_ number: Int64, _ state: VersionState) -> VersionFacts {
      var facts = version(number, state)
      facts.isConfirmed = false
      return facts
    }
    let policy = RolloutPolicy(lane: .fast)
    let versions = [version(1, .retired), watched(2, .stable)]
    let decisions = Rollout.decide(versions: versions, evidence: [2: evidence], policy: policy, now: noon)
    #expect(lines(decisions) == ["2: stable → rolled_back (slice)", "1: retired → stable (rollback_target)"])
    let reason = try #require(decisions.first?.reason)
    #expect(reason.hasPrefix("Version 2 is good overall, but its loss of slice carrier=7 is worse by 0.2"), "\(reason)")
    #expect(reason.hasSuffix("against version 1; version 1 returns."), "\(reason)")
    #expect(decisions.first?.window == "2000 pairs of carrier=7")

    // The trend did not see it, so it lets none in again until one was promoted by its own pairs.
    var after = try Rollout.apply(decisions, to: versions, now: noon)
    after.append(version(3, .candidate))
    let next = compared(300, mean: -0.02, with: 1).with {
      ($0.trend, $0.trendOver) = (pairs(50_000, mean: -0.1), 1)
    }
    #expect(Rollout.decide(versions: after, evidence: [3: next], policy: policy, now: noon).isEmpty)
    let waits = Rollout.waits(after[2], next, among: after, policy: policy, now: noon)
    #expect(
      waits
        == "waits for pairs with version 1: 300 of 2000; the fast lane let version 2 in, which was rolled back, and is "
        + "closed until a version was promoted by its own pairs", "\(waits ?? "")")
    let good = compared(mean: -0.02, with: 1)
    let promoted = Rollout.decide(versions: after, evidence: [3: good], policy: policy, now: noon.addingTimeInterval(9))
    after = try Rollout.apply(promoted, to: after, now: noon.addingTimeInterval(9)) + [version(4, .candidate)]
    #expect(after.first { $0.number == 3 }?.state == .stable)
    let fresh = compared(300, mean: -0.02, with: 3).with {
      ($0.trend, $0.trendOver) = (pairs(50_000, mean: -0.1), 3)
    }
    let let4 = Rollout.decide(versions: after, evidence: [4: fresh], policy: policy, now: noon.addingTimeInterval(9))
    #expect(lines(let4).last == "4: validated → stable (trend)")

    let later = [version(1, .retired), watched(2, .retired), watched(3, .stable)]
    let rejected = Rollout.decide(versions: later, evidence: [2: evidence], policy: policy, now: noon)
    #expect(lines(rejected) == ["2: retired → rejected (slice)"])
    #expect(rejected.first?.reason.contains("carrier=7") == true)
  }

  @Test("one that is as good on each of thirty slices is promoted, whatever the noise")
  func equal() {
    var held = 0
    for seed in 0..<200 as Range<UInt64> {
      let evidence = Self.evidence(30, seed: 100 + seed, records: 150 + Int(seed) * 5)
      if Rollout.judge(evidence, anchor: 1, policy: RolloutPolicy()).verdict != .pass { held += 1 }
    }
    #expect(held == 0)
    #expect(
      Self.decide(Self.evidence(30, seed: 5))
        == [
          "2: candidate → validated (paired_loss)", "1: stable → retired (replaced)",
          "2: validated → stable (paired_loss)",
        ])
  }

  @Test("a difference within what is tolerated of a slice holds nothing up, and the tolerance is the file's")
  func tolerated() {
    let evidence = Self.evidence(30, seed: 3) { $0 == 7 ? 0.015 : 0 }
    #expect(Rollout.judge(evidence, anchor: 1, policy: RolloutPolicy()).verdict == .pass)
    let strict = RolloutPolicy(sliceTolerance: 0)
    let large = Self.evidence(30, seed: 3, records: 20_000) { $0 == 7 ? 0.015 : 0 }
    #expect(Rollout.judge(large, anchor: 1, policy: strict).rule == .slice)
    // Of the journal people read the worst few.
    #expect(large.brief.slices?.count == 8 && large.brief.slices?.first?.name == "carrier=7")
  }
}
