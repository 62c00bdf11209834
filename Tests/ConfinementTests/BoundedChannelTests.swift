import Confinement
import Testing
import Vocabulary

@Suite("Bounded channel")
struct BoundedChannelTests {
  @Test("elements come out in the order they went in")
  func order() {
    let channel = BoundedChannel<Int>(capacity: 3)
    for element in 1...3 { #expect(channel.send(element, until: .after(.zero))) }
    #expect((1...3).map { _ in channel.receive(until: .after(.zero)) } == [1, 2, 3])
  }

  @Test("a full channel refuses at the deadline and holds no more than its capacity")
  func full() {
    let channel = BoundedChannel<Int>(capacity: 1)
    #expect(channel.send(1, until: .after(.zero)))
    #expect(!channel.send(2, until: .after(.milliseconds(5))))
    #expect(channel.receive(until: .after(.zero)) == 1)
    #expect(channel.receive(until: .after(.zero)) == nil)
  }

  @Test("a full channel holds its producer back until there is room")
  func backPressure() async throws {
    let channel = BoundedChannel<Int>(capacity: 1)
    async let sent = onDedicatedThread(named: "producer") {
      (1...1000).allSatisfy { channel.send($0, until: .after(.seconds(10))) }
    }
    async let taken = onDedicatedThread(named: "consumer") {
      (1...1000).map { _ in channel.receive(until: .after(.seconds(10))) }
    }
    #expect(try await taken == Array(1...1000))
    #expect(try await sent)
  }

  @Test("newest wins when asked to")
  func newestWins() {
    let channel = BoundedChannel<Int>(capacity: 1)
    #expect(channel.sendReplacingOldest(1) == nil)
    #expect(channel.sendReplacingOldest(2) == 1)
    #expect(channel.receive(until: .after(.zero)) == 2)
  }

  @Test("a closed channel drains and then ends, and takes nothing more")
  func closed() {
    let channel = BoundedChannel<Int>(capacity: 2)
    #expect(channel.send(1, until: .after(.zero)))
    channel.close()
    #expect(!channel.send(2, until: .after(.seconds(10))))
    #expect(channel.receive(until: .after(.seconds(10))) == 1)
    #expect(channel.receive(until: .after(.seconds(10))) == nil)
    #expect(channel.isFinished)
  }
}

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
