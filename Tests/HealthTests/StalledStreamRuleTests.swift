import Health
import Testing
import Vocabulary

@Suite("What the rule about stalled streams says")
struct StalledStreamRuleTests {
  private static let day = 86_400.0

  private func finding(_ seconds: Double, longest: Double, known: Double = 30 * day) throws -> HealthFinding {
    var window = HealthWindow()
    window.silence = StreamSilence(seconds: seconds, longestBefore: longest, knownSeconds: known)
    return try #require(examine(window).first { $0.rule == HealthRule.stalledStream.rawValue })
  }

  @Test("a stream that came every half minute and is silent for an hour has stalled, and it says for how long")
  func stalled() throws {
    let failed = try finding(7200, longest: 90)
    #expect(failed.verdict == .fail && failed.observed == 80 && failed.action == .ticket)
    #expect(
      failed.detail
        == "no record has come for 2 h, though workers wait for some; in the 30 d before, the longest time without one "
        + "was 90 s")
  }

  @Test("nights and bursts are no stall where there were some before, nor is a short breath")
  func quiet() throws {
    #expect(try finding(8 * 3600, longest: 7 * 3600).verdict == .pass)
    #expect(try finding(2.4 * Self.day, longest: 2.5 * Self.day).verdict == .pass)
    #expect(try finding(150, longest: 1).verdict == .pass)
  }

  @Test("a stream that has not been seen for a day may have nights that nobody knows of")
  func young() throws {
    #expect(try finding(8 * 3600, longest: 30, known: 0.9 * Self.day).verdict == .inconclusive)
    #expect(examine(HealthWindow()).allSatisfy { $0.rule != HealthRule.stalledStream.rawValue })
  }
}
