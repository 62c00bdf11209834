import Foundation
import Rollouts
import Testing
import Vocabulary

@Suite("An objective of live requests")
struct ServingObjectiveTests {
  private static let objective = ServingObjective(availability: 0.999)

  /// A sample a minute, of so many requests, over a stretch that ended some minutes ago.
  private func samples(
    minutes: Int, ended: Int = 0, of version: Int64 = 1, requests: Int64 = 1000, failed: Int64 = 0, slow: Int64 = 0
  ) -> [ServingSample] {
    (0..<minutes).map { minute in
      ServingSample(
        at: noon.addingTimeInterval(-60 * Double(ended + minute)), version: version,
        counts: ServingCounts(requests: requests, failed: failed, slow: slow))
    }
  }

  private func found(_ samples: [ServingSample], _ objective: ServingObjective = objective) -> [String] {
    objective.findings(in: ServingHistory(samples), now: noon).map {
      "\($0.goal.aspect) \($0.alert.severity) \($0.alert.factor)"
    }
  }

  struct Stretch: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Of a thousand requests a minute, that failed.
    let failed: Int64
    let minutes: Int
    var ended = 0
    var healthyBefore = 0
    let expected: [String]
  }

  private static let stretches = [
    Stretch(testDescription: "as many as are allowed burn nothing down", failed: 1, minutes: 59, expected: []),
    Stretch(
      testDescription: "fifteen times as many for an hour is a page", failed: 15, minutes: 60,
      expected: ["availability page 14.4"]),
    Stretch(
      testDescription: "all of them fail for one minute of an hour", failed: 1000, minutes: 1, healthyBefore: 59,
      expected: ["availability page 14.4"]),
    Stretch(
      testDescription: "a page is over once its short window is clean; what it has cost is a ticket", failed: 1000,
      minutes: 10, ended: 31, healthyBefore: 300, expected: ["availability ticket 3.0"]),
    Stretch(
      testDescription: "and that is over when its own short window is", failed: 1000, minutes: 10, ended: 361,
      healthyBefore: 300, expected: []),
    Stretch(
      testDescription: "seven times as many for six hours is a page too", failed: 7, minutes: 360,
      expected: ["availability page 6.0"]),
    Stretch(
      testDescription: "four times as many for a day is a ticket", failed: 4, minutes: 1440,
      expected: ["availability ticket 3.0"]),
    Stretch(
      testDescription: "twice as many for three days is a ticket", failed: 2, minutes: 4320,
      expected: ["availability ticket 1.0"]),
  ]

  @Test("is burned down by", arguments: stretches)
  func burning(_ stretch: Stretch) {
    let bad = samples(minutes: stretch.minutes, ended: stretch.ended, failed: stretch.failed)
    let before = samples(minutes: stretch.healthyBefore, ended: stretch.ended + stretch.minutes)
    let after = samples(minutes: stretch.ended)
    #expect(found(bad + before + after) == stretch.expected)
  }

  @Test("says nothing of few requests, and the same of windows of another scale")
  func bounds() {
    #expect(found(samples(minutes: 60, requests: 16, failed: 16)).isEmpty)
    #expect(found(samples(minutes: 60, requests: 17, failed: 17)) == ["availability page 14.4"])
    let hour = samples(minutes: 60, failed: 15)
    let second = hour.map {
      ServingSample(at: noon.addingTimeInterval($0.at.timeIntervalSince(noon) / 1000), version: 1, counts: $0.counts)
    }
    var scaled = Self.objective
    scaled.scale = 0.001
    #expect(found(second, scaled) == ["availability page 14.4"])
    #expect(scaled.span == .milliseconds(259_200))
  }

  @Test("of latency goes by answers that took too long, and is told beside the other, the graver first")
  func latency() {
    let both = ServingObjective(availability: 0.999, quick: 0.99, under: .milliseconds(50))
    let history = samples(minutes: 1440, failed: 4, slow: 200)
    #expect(found(history, both) == ["latency page 14.4", "availability ticket 3.0"])
    let finding = both.findings(in: ServingHistory(history), now: noon).first
    #expect(
      finding?.sentence
        == "12000 of 60000 answers took longer than 50 ms, 20 times as many as 99 % allow (limit 14.4)")
  }

  private func breach(
    _ versions: [VersionFacts], _ samples: [ServingSample], warmUp: Duration = .zero
  ) -> String? {
    let version = versions[versions.count - 1]
    return Self.objective.breach(
      of: version, among: versions, in: ServingHistory(samples), warmUp: warmUp, now: noon
    ).map(\.sentence)
  }

  @Test("is one version's own doing where the one before it was well until then")
  func attribution() {
    let versions = [version(1, .retired, secondsAgo: 600), version(2, .stable, secondsAgo: 600)]
    let bad = samples(minutes: 10, of: 2, failed: 100)
    #expect(breach(versions, bad + samples(minutes: 60, ended: 10)) != nil)
    #expect(breach(versions, bad + samples(minutes: 60, ended: 10, failed: 100)) == nil, "it was as bad before")
    #expect(breach(versions, bad) == nil, "nobody knows how it was before")
    #expect(breach([versions[1]], bad) == nil, "there is none before")
    // What it did in its first minutes may be the cold start's fault.
    let cold = samples(minutes: 5, of: 2) + samples(minutes: 5, ended: 5, of: 2, failed: 200)
    let warm = samples(minutes: 60, ended: 10)
    #expect(breach(versions, cold + warm, warmUp: .seconds(360)) == nil)
    #expect(breach(versions, bad + warm, warmUp: .seconds(360)) != nil)
  }

  @Test("a canary is held against the stable version of the same time")
  func canary() {
    let versions = [version(1, .stable, secondsAgo: 9000), version(2, .canary, secondsAgo: 600)]
    let bad = samples(minutes: 10, of: 2, requests: 200, failed: 20)
    #expect(breach(versions, bad + samples(minutes: 60)) != nil)
    #expect(breach(versions, bad + samples(minutes: 60, failed: 100)) == nil, "the stable one fails as well")
  }

  @Test("rolls back what serves, and leaves what serves alone where there is none to return to")
  func rollback() {
    let finding = Self.objective.findings(in: ServingHistory(samples(minutes: 60, failed: 100)), now: noon).first
    var evidence = CandidateEvidence()
    #expect(finding != nil)
    evidence.breach = finding
    func decide(_ versions: [VersionFacts]) -> [RolloutDecision] {
      Rollout.decide(versions: versions, evidence: [2: evidence], policy: RolloutPolicy(), isFrozen: true, now: noon)
    }
    let decisions = decide([version(1, .retired), version(2, .stable)])
    #expect(lines(decisions) == ["2: stable → rolled_back (slo)", "1: retired → stable (rollback_target)"])
    #expect(
      decisions.first?.reason == """
        Version 2 serves worse than the version before it: 6000 of 60000 answers failed, 100 times as many as 99.9 % allow \
        (limit 14.4); version 1 returns.
        """)
    #expect(decide([version(2, .stable)]).isEmpty)
    #expect(lines(decide([version(1, .stable), version(2, .canary)])) == ["2: canary → rolled_back (slo)"])
  }

  @Test("a count that began anew counts from zero")
  func began() {
    let before = ServingCounts(requests: 100, failed: 2, slow: 1)
    #expect(ServingCounts(requests: 150, failed: 3, slow: 1).since(before) == ServingCounts(requests: 50, failed: 1))
    #expect(ServingCounts(requests: 20).since(before) == ServingCounts(requests: 20))
  }

  @Test("what nobody asks for any more is forgotten")
  func forgotten() {
    var history = ServingHistory(samples(minutes: 60, failed: 1))
    history.forget(before: noon.addingTimeInterval(-600))
    #expect(history.counts(after: .distantPast, until: noon) == ServingCounts(requests: 10_000, failed: 10))
    #expect(history.counts(of: 2, after: .distantPast, until: noon) == ServingCounts())
  }
}
