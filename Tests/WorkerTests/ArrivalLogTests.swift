import Testing
import Vocabulary
import Worker

@Suite("How long records have waited")
struct ArrivalLogTests {
  private let start = ContinuousClock.now
  private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

  @Test("a record waits since the first look that saw it; nothing waits at the end")
  func waiting() {
    var log = ArrivalLog()
    #expect(log.waiting(next: 0, now: at(0)) == .zero)
    for (second, end) in [(0, 0), (1, 0), (2, 10), (3, 10), (4, 30)] as [(Int, Int64)] {
      log.note(end: end, now: at(second))
    }
    #expect(log.waiting(next: 0, now: at(5)) == .seconds(3))
    #expect(log.waiting(next: 9, now: at(5)) == .seconds(3))
    #expect(log.waiting(next: 10, now: at(5)) == .seconds(1))
    #expect(log.waiting(next: 29, now: at(5)) == .seconds(1))
    #expect(log.waiting(next: 30, now: at(5)) == .zero)
    #expect(log.waiting(next: 99, now: at(5)) == .zero)
  }

  @Test("of records that were there before the first look nobody knows how long")
  func unknown() {
    var log = ArrivalLog()
    log.note(end: 100, now: at(0))
    #expect(log.waiting(next: 99, now: at(9)) == nil)
    log.note(end: 200, now: at(10))
    #expect(log.waiting(next: 99, now: at(12)) == nil)
    #expect(log.waiting(next: 100, now: at(12)) == .seconds(2))
  }

  @Test("a topic made anew begins again")
  func madeAnew() {
    var log = ArrivalLog()
    log.note(end: 100, now: at(0))
    log.note(end: 3, now: at(5))
    #expect(log.waiting(next: 3, now: at(6)) == .zero)
    #expect(log.waiting(next: 0, now: at(6)) == nil)
  }

  @Test("over hours it remembers all the way back, and is right to a share of the wait")
  func hours() throws {
    var log = ArrivalLog()
    for second in 0...20_000 { log.note(end: Int64(second), now: at(second)) }
    for next in [10, 1_000, 5_000, 12_000, 19_000, 19_990] {
      let waited = try #require(log.waiting(next: Int64(next), now: at(20_000))).seconds
      let exact = Double(20_000 - next - 1)
      #expect(waited <= exact && waited >= exact * 0.9 - 1, "\(next): \(waited) s instead of \(exact) s")
    }
  }
}
