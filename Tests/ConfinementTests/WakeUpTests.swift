import Confinement
import Glibc
import Synchronization
import Testing
import Vocabulary

@Suite("Wake-up")
struct WakeUpTests {
  @Test("one raised before the wait is not lost, and is seen once")
  func raisedBefore() {
    let wakeUp = WakeUp()
    wakeUp.raise()
    wakeUp.raise()
    #expect(wakeUp.wait(until: .after(.zero)) == .raised)
    #expect(wakeUp.wait(until: .after(.milliseconds(1))) == .timedOut)
    wakeUp.raise()
    #expect(wakeUp.wait(until: .after(.seconds(10))) == .raised)
  }

  @Test("a wait ends when another thread raises")
  func wakes() async throws {
    let (ping, pong) = (WakeUp(), WakeUp())
    async let answered = onDedicatedThread(named: "waiter") {
      let woken = ping.wait(until: .after(.seconds(10)))
      pong.raise()
      return woken
    }
    ping.raise()
    async let heard = onDedicatedThread(named: "listener") { pong.wait(until: .after(.seconds(10))) }
    #expect(try await heard == .raised)
    #expect(try await answered == .raised)
  }

  @Test("of many raises at any time none is lost: what was done before each is seen")
  func noneIsLost() async throws {
    let wakeUp = WakeUp()
    let done = Atomic(0)
    let count = 100_000
    async let raising: Void = onDedicatedThread(named: "raiser") {
      for _ in 0..<count {
        done.add(1, ordering: .sequentiallyConsistent)
        wakeUp.raise()
      }
    }
    let seen = try await onDedicatedThread(named: "waiter") {
      var seen = 0
      while seen < count, wakeUp.wait(until: .after(.seconds(20))) == .raised {
        seen = done.load(ordering: .sequentiallyConsistent)
      }
      return seen
    }
    try await raising
    #expect(seen == count)
  }

  @Test("after raises at any time a wait sleeps again: it takes no processor time")
  func sleeps() async throws {
    let wakeUp = WakeUp()
    let rounds = 200
    async let raising: Void = onDedicatedThread(named: "raiser") {
      for _ in 0..<(rounds * 100) { wakeUp.raise() }
    }
    _ = try await onDedicatedThread(named: "waiter") {
      for _ in 0..<rounds { _ = wakeUp.wait(until: .after(.milliseconds(1))) }
    }
    try await raising
    let (left, used) = try await onDedicatedThread(named: "sleeper") {
      while wakeUp.wait(until: .after(.zero)) == .raised {}
      var before = timespec()
      var after = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before)
      let left = wakeUp.wait(until: .after(.milliseconds(100)))
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after)
      return (left, Double(after.tv_sec - before.tv_sec) + Double(after.tv_nsec - before.tv_nsec) / 1e9)
    }
    #expect(left == .timedOut && used < 0.02, "\(used) s of processor time")
  }

  @Test("a wait ends when a descriptor can be read, and when it has ended")
  func readable() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    let wakeUp = WakeUp()
    #expect(wakeUp.wait(until: .after(.milliseconds(1)), orReadable: [ends[0]]) == .timedOut)
    var byte: UInt8 = 7
    #expect(write(ends[1], &byte, 1) == 1)
    #expect(wakeUp.wait(until: .after(.seconds(10)), orReadable: [ends[0]]) == .readable)
    // Being raised says more.
    wakeUp.raise()
    #expect(wakeUp.wait(until: .after(.seconds(10)), orReadable: [ends[0]]) == .raised)
    #expect(read(ends[0], &byte, 1) == 1)
    close(ends[1])
    #expect(wakeUp.wait(until: .after(.seconds(10)), orReadable: [ends[0]]) == .readable)
  }

  @Test("what is waited for at most is waited for")
  func deadline() {
    let wakeUp = WakeUp()
    let start = ContinuousClock.now
    #expect(wakeUp.wait(until: .after(.milliseconds(30))) == .timedOut)
    #expect(start.duration(to: .now) >= .milliseconds(30))
  }
}
