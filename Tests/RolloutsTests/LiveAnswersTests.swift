import Evaluation
import Rollouts
import Testing
import Vocabulary

@Suite("A canary's answers to live requests")
struct LiveAnswersTests {
  private static let policy = RolloutPolicy(
    canary: [0.05, 0.25], hold: .seconds(60), requestsMin: 100, durationMax: .seconds(600))

  /// Times spread by a third around `typical` milliseconds; every so manyth request fails.
  private static func answers(
    canary: Int, typical: Double = 5, failing: Int = .max, stable: Int = 4000, stableTypical: Double = 5,
    stableFailing: Int = .max, seed: UInt64 = 1
  ) -> SplitAnswers {
    var random = SplitMix64(seed: seed)
    var answers = SplitAnswers()
    func add(_ count: Int, _ milliseconds: Double, _ failing: Int, byCanary: Bool) {
      for request in 1...count {
        let spread = 1 + 0.3 * Double(random.nextNearlyNormal())
        let time = Duration.seconds(max(milliseconds * spread, 0.01) / 1000)
        answers.add(request.isMultiple(of: failing) ? nil : time, byCanary: byCanary)
      }
    }
    add(stable, stableTypical, stableFailing, byCanary: false)
    add(canary, typical, failing, byCanary: true)
    return answers
  }

  private static func look(
    _ answers: SplitAnswers?, state: VersionState = .canary, since seconds: Double = 70
  ) -> (decisions: [RolloutDecision], waits: String?) {
    let versions = [
      version(1, .stable), version(2, state, secondsAgo: seconds, share: 0.05, sharedSecondsAgo: seconds),
    ]
    let evidence = compared(mean: -0.05, with: 1).with {
      $0.traffic = CanaryTraffic(servers: 1, requests: 500, answers: answers)
    }
    return (
      Rollout.decide(versions: versions, evidence: [2: evidence], policy: policy, now: noon),
      Rollout.waits(versions[1], evidence, among: versions, policy: policy, now: noon)
    )
  }

  @Test("where they come more slowly than is tolerated it is rolled back, however good its pairs, and told by how much")
  func slow() throws {
    let decisions = Self.look(Self.answers(canary: 400, typical: 15)).decisions
    #expect(lines(decisions) == ["2: canary → rolled_back (live_answers)"])
    let reason = try #require(decisions.first?.reason)
    #expect(reason.hasPrefix("Version 2 answers live requests in 1"), "\(reason)")
    #expect(
      reason.contains(" ms of the stable version, ") && reason.contains("times as long on 400 of them"), "\(reason)")
    #expect(reason.hasSuffix("beyond 1.5 times, since the first of them."), "\(reason)")
    #expect(decisions.first?.window == "400 requests")
  }

  @Test(
    "where it fails at more of them than is tolerated it is rolled back, also if it never gets to the number wanted")
  func failing() throws {
    let decisions = Self.look(Self.answers(canary: 400, failing: 4)).decisions
    #expect(lines(decisions) == ["2: canary → rolled_back (live_answers)"])
    #expect(
      decisions.first?.reason
        == "Version 2 has failed at 100 of 400 live requests, the stable version at 0 of 4000: more than 0.1 % more, "
        + "since the first of them.")
    // What the stable version fails at as often is the world's.
    #expect(Self.look(Self.answers(canary: 400, failing: 4, stableFailing: 4)).decisions.first?.share == 0.25)
  }

  @Test("where they seem worse it is held, and says so, until they do not or it has to make room")
  func held() throws {
    let slower = Self.answers(canary: 120, typical: 8)
    let (decisions, waits) = Self.look(slower)
    #expect(decisions.isEmpty, "\(lines(decisions))")
    #expect(waits?.contains("; it answers live requests in ") == true, "\(waits ?? "")")
    #expect(waits?.hasSuffix(": it is held until more of them tell") == true, "\(waits ?? "")")
    let failing = Self.look(Self.answers(canary: 300, failing: 290))
    #expect(failing.decisions.isEmpty && failing.waits?.contains("it has failed at 1 of 300 live requests") == true)
    let late = Self.look(slower, since: 601).decisions
    #expect(lines(late) == ["2: canary → retired (undecided)"] && late.first?.reason.contains("answers live") == true)
  }

  @Test("where they are as quick, or all within a millisecond, it rises; so it does where no server says")
  func good() {
    for answers in [
      Self.answers(canary: 400), Self.answers(canary: 400, typical: 0.5, stableTypical: 0.02),
      Self.answers(canary: 400, typical: 6.5), nil,
    ] { #expect(Self.look(answers).decisions.first?.share == 0.25) }
  }

  @Test("one that becomes slow is told since when; servers' answers are one, each held against its own")
  func onset() throws {
    var answers = Self.answers(canary: 3000)
    for _ in 0..<1000 { answers.add(.milliseconds(80), byCanary: true) }
    let decisions = Self.look(answers).decisions
    #expect(lines(decisions) == ["2: canary → rolled_back (live_answers)"])
    let reason = decisions.first?.reason ?? ""
    let ago = reason.split(separator: "since about ").last?.split(separator: " ").first.flatMap { Int($0) } ?? 0
    #expect(ago > 900 && ago < 1150, "\(reason)")
    // A slow machine makes both slow.
    var both = Self.answers(canary: 400)
    both.merge(Self.answers(canary: 400, typical: 90, stableTypical: 90, seed: 2))
    #expect(both.canary.times.count == 800 && Self.look(both).decisions.first?.share == 0.25)
  }

  @Test(
    "an equal one is rolled back at any look as rarely as the policy says, and never for the noise of a small share")
  func alarms() {
    var rolledBack = 0
    for seed in 0..<60 as Range<UInt64> {
      var random = SplitMix64(seed: 500 + seed)
      var answers = SplitAnswers()
      for request in 1...4000 {
        let isCanary = random.nextUnit() < 0.05
        let hasFailed = random.nextUnit() < 0.002
        answers.add(
          hasFailed ? nil : .seconds(0.005 * (1 + 0.3 * Double(random.nextNearlyNormal())) + 1e-5), byCanary: isCanary)
        guard request.isMultiple(of: 100) else { continue }
        if Self.look(answers).decisions.first?.to == .rolledBack {
          rolledBack += 1
          break
        }
      }
    }
    #expect(rolledBack <= 1, "\(rolledBack) of 60")
  }
}
