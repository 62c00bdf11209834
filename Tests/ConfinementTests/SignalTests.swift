import Confinement
import Testing
import Vocabulary

@Suite("Signal")
struct SignalTests {
  @Test("a signal raised before the wait is not lost, and is seen once")
  func raisedBefore() {
    let signal = Signal()
    signal.raise()
    signal.raise()
    #expect(signal.wait(until: .after(.zero)))
    #expect(!signal.wait(until: .after(.milliseconds(1))))
  }

  @Test("a wait ends when another thread raises")
  func wakes() async throws {
    let (ping, pong) = (Signal(), Signal())
    async let answered = onDedicatedThread(named: "waiter") {
      let woken = ping.wait(until: .after(.seconds(10)))
      pong.raise()
      return woken
    }
    ping.raise()
    async let heard = onDedicatedThread(named: "listener") { pong.wait(until: .after(.seconds(10))) }
    #expect(try await heard)
    #expect(try await answered)
  }
}
