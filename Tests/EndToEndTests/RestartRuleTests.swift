import Foundation
import Testing
import Vocabulary
import retrainctl

@Suite("When a role is started again")
struct RestartRuleTests {
  private let start = ContinuousClock.now

  @Test("ten thousand kills in a row are survived, and never waited for longer than two seconds") func kills() {
    var rule = RestartRule()
    var now = start
    for _ in 0..<10_000 {
      let verdict = rule.ended(RestartRule.cause(ofExit: 128 + SIGKILL), lived: .milliseconds(20), now: now)
      #expect(!verdict.isExhausted)
      #expect(verdict.restartIn ?? .seconds(3600) <= .seconds(2))
      now = now.advanced(by: verdict.restartIn ?? .zero)
    }
  }

  @Test("crashes soon after the start exhaust it, others do not, and a healthy run forgives them") func crashes() {
    var rule = RestartRule()
    var now = start
    func crash(after lived: Duration) -> RestartRule.Verdict {
      now = now.advanced(by: lived)
      return rule.ended(RestartRule.cause(ofExit: 128 + SIGSEGV), lived: lived, now: now)
    }
    let first = (0..<RestartRule.crashesMax).map { _ in crash(after: .seconds(1)) }
    #expect(first.allSatisfy { !$0.isExhausted })
    #expect(crash(after: .seconds(1)).isExhausted)
    #expect(crash(after: .seconds(1)).restartIn == .seconds(30), "it is tried all the same")
    #expect(crash(after: .seconds(11)).isExhausted == false)
    for _ in 0..<100 { #expect(crash(after: .seconds(12)).isExhausted == false) }
    // So many crashes, and never so many in so long a time.
    var slow = RestartRule()
    for number in 0..<100 {
      let at = start.advanced(by: .seconds(number * 100))
      #expect(!slow.ended(.crashed, lived: .seconds(5), now: at).isExhausted)
    }
  }

  @Test("what is not there is waited for, and what is wrong is not tried again", arguments: [64, 65] as [Int32])
  func causes(wrong: Int32) {
    var rule = RestartRule()
    for _ in 0..<1000 {
      let verdict = rule.ended(RestartRule.cause(ofExit: 69), lived: .seconds(1), now: start)
      #expect(!verdict.isExhausted && verdict.restartIn ?? .zero <= .seconds(10))
    }
    let verdict = rule.ended(RestartRule.cause(ofExit: wrong), lived: .seconds(1), now: start)
    #expect(verdict.restartIn == nil && verdict.isExhausted)
  }
}
