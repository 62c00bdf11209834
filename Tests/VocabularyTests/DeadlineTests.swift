import Testing
import Vocabulary

@Suite("Deadline")
struct DeadlineTests {
  @Test("time left is never negative and rounds up for poll")
  func remaining() {
    let past = Deadline(at: .now.advanced(by: .seconds(-1)))
    #expect(past.hasPassed)
    #expect(past.remaining == .zero)
    #expect(past.remainingMilliseconds == 0)
    let ahead = Deadline.after(.seconds(100))
    #expect(!ahead.hasPassed)
    #expect((99_000...100_000).contains(ahead.remainingMilliseconds))
    #expect(Deadline.after(.seconds(10_000_000)).remainingMilliseconds == 86_400_000)
  }

  @Test("the earlier of two deadlines wins")
  func earlier() {
    let (soon, late) = (Deadline.after(.seconds(1)), Deadline.after(.seconds(2)))
    #expect(late.or(soon) == soon)
    #expect(soon.or(late) == soon)
  }

  @Test(
    "durations become milliseconds and seconds",
    arguments: [
      (Duration.microseconds(1), Int64(0), Int64(1)), (.milliseconds(1500), 1500, 1500), (.zero, 0, 0),
      (.microseconds(2001), 2, 3),
    ])
  func milliseconds(duration: Duration, down: Int64, up: Int64) {
    #expect(duration.milliseconds() == down)
    #expect(duration.milliseconds(rounding: .up) == up)
    #expect(abs(duration.seconds * 1000 - Double(down)) < 1)
  }
}

@Suite("Reject reason")
struct RejectReasonTests {
  @Test("every reason has its own place and its own name")
  func places() {
    #expect(RejectReason.allCases.map(\.index) == Array(0..<RejectReason.allCases.count))
    #expect(Set(RejectReason.allCases.map(\.rawValue)).count == RejectReason.allCases.count)
  }

  @Test("only an absent label and a deletion are kept out of the dead-letter topic")
  func deadLetters() {
    #expect(RejectReason.allCases.filter { !$0.isDeadLettered } == [.labelAbsent, .tombstone])
  }
}

@Suite("SplitMix64")
struct SplitMix64Tests {
  /// The first outputs for seed 1234567 of the reference implementation.
  @Test("gives the reference sequence")
  func reference() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<3).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      ])
  }

  @Test("unit numbers stay in [0, 1)")
  func unit() {
    var random = SplitMix64(seed: 7)
    #expect((0..<10_000).allSatisfy { _ in (0..<1).contains(random.nextUnit()) })
  }
}
