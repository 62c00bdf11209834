import Evaluation
import Rollouts
import Testing
import Vocabulary

@Suite("A canary and its live requests")
struct CanaryTrafficTests {
  private static let policy = RolloutPolicy(
    canary: [0.05, 0.25], hold: .seconds(60), requestsMin: 100, durationMax: .seconds(600))

  private static func look(
    _ traffic: CanaryTraffic?, share: Double = 0.05, since seconds: Double = 70, _ policy: RolloutPolicy = policy
  ) -> (decisions: [RolloutDecision], waits: String?) {
    let versions = [
      version(1, .stable), version(2, .canary, secondsAgo: seconds, share: share, sharedSecondsAgo: seconds),
    ]
    let evidence = compared(mean: -0.05, with: 1).with { $0.traffic = traffic }
    return (
      Rollout.decide(versions: versions, evidence: [2: evidence], policy: policy, now: noon),
      Rollout.waits(versions[1], evidence, among: versions, policy: policy, now: noon)
    )
  }

  @Test(
    "one that has answered nothing, or too little, does not rise however good its pairs are, and says what it waits for"
  )
  func unasked() {
    for (requests, share) in [(0, 0.05), (99, 0.05), (99, 0.25)] as [(Int64, Double)] {
      let (decisions, waits) = Self.look(CanaryTraffic(servers: 1, requests: requests), share: share)
      #expect(decisions.isEmpty)
      let wanted = "at \(Int(share * 100)) % it has answered \(requests) of 100"
      #expect(waits?.contains("it waits for live requests: " + wanted) == true, "\(waits ?? "")")
    }
  }

  @Test(
    "one that was asked often enough rises, and the journal says how often; without a server its pairs decide, and it says so"
  )
  func asked() throws {
    let step = try #require(Self.look(CanaryTraffic(servers: 2, requests: 100)).decisions.first)
    #expect(step.share == 0.25 && step.reason.hasSuffix("; it has answered 100 live requests at its share."))
    let last = try #require(Self.look(CanaryTraffic(servers: 2, requests: 100), share: 0.25).decisions.last)
    #expect(last.to == .stable && last.reason.hasSuffix("; it has answered 100 live requests at its share."))
    let alone = try #require(Self.look(CanaryTraffic(servers: 0, requests: 0)).decisions.first)
    #expect(alone.share == 0.25 && alone.reason.hasSuffix("; no server is there, so its pairs alone decide."))
    var none = Self.policy
    none.requestsMin = 0
    #expect(Self.look(CanaryTraffic(servers: 1, requests: 0), none).decisions.first?.share == 0.25)
  }

  @Test("in the end it makes room, or stays for a person to say")
  func late() throws {
    let decisions = Self.look(CanaryTraffic(servers: 1, requests: 3), since: 601).decisions
    #expect(lines(decisions) == ["2: canary → retired (undecided)"])
    #expect(decisions.first?.reason.contains(", but waits for live requests") == true)
    var holding = Self.policy
    holding.onInconclusive = .hold
    #expect(Self.look(CanaryTraffic(servers: 1, requests: 3), since: 601, holding).decisions.isEmpty)
  }

  @Test("where keys were dealt otherwise than its share says it is held, however many requests it has answered")
  func mismatch() throws {
    let splits = [CanaryTraffic.Split(canary: 200, stable: 1800)]
    let traffic = CanaryTraffic(servers: 1, requests: 5000, splits: splits)
    let (decisions, waits) = Self.look(traffic, share: 0.25)
    #expect(decisions.isEmpty)
    #expect(waits?.contains("should answer 25 % of the keys of live requests and has answered 10 % of 2000") == true)
    // A server among others that do as they should: evidence is weighed server by server.
    let good = CanaryTraffic.Split(canary: 250, stable: 750)
    let stale = CanaryTraffic(servers: 4, requests: 5000, splits: [good, good, good] + splits)
    #expect(stale.mismatch(share: 0.25) != nil)
    #expect(CanaryTraffic(servers: 3, requests: 9, splits: [good, good, good]).mismatch(share: 0.25) == nil)
    #expect(CanaryTraffic(servers: 3, requests: 9).mismatch(share: 0.25) == nil && traffic.mismatch(share: 1) == nil)
  }

  @Test(
    "keys that are dealt as they should be are not called a mismatch at any look, of servers that see the same keys either"
  )
  func alarms() {
    var alarms = 0
    for seed in 0..<300 as Range<UInt64> {
      var random = SplitMix64(seed: 77 + seed)
      var split = CanaryTraffic.Split(canary: 0, stable: 0)
      for key in 1...4000 {
        if random.nextUnit() < 0.05 { split.canary += 1 } else { split.stable += 1 }
        guard key.isMultiple(of: 50) else { continue }
        let traffic = CanaryTraffic(servers: 3, requests: 0, splits: [split, split, split])
        if traffic.mismatch(share: 0.05) != nil {
          alarms += 1
          break
        }
      }
    }
    // One in a thousand runs.
    #expect(alarms <= 3, "\(alarms) of 300")
  }
}
