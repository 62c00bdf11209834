import Collectives
import Cryptography
import Foundation
import Testing
import Vocabulary

@Suite("Forming a generation", .serialized)
struct FormingTests {
  @Test("ranks that come in any order form one generation, and the next one over the same listeners")
  func order() async throws {
    let world = try World(size: 4)
    for generation in 1...3 {
      let first = Gate()
      let results = await onThreads(4) { rank in
        // Rank 3 dials everybody; it comes first, the others only then.
        if rank == 3 { first.open() } else if rank == 0 { first.wait() }
        let collective = try world.form(rank, generation: Generation(Int64(generation)))
        defer { collective.close() }
        return try collective.exchange([Float(rank)]).sum
      }
      for result in results { #expect(try result.get() == [6]) }
    }
  }

  @Test("garbage and silence on the listening port do not disturb forming")
  func garbage() async throws {
    let world = try World(size: 2)
    let port = world.listeners[0].port
    let strangers = (0..<20).compactMap { _ in RawClient(port: port) }
    for (index, stranger) in strangers.enumerated() where index % 2 == 0 {
      stranger.send(Array("GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a stranger with much to say\r\n\r\n".utf8))
    }
    let results = await world.run { try $0.exchange([1]).sum }
    for result in results { #expect(try result.get() == [2]) }
    #expect(strangers.count == 20)
    #expect(strangers[0].receive(1).isEmpty)
  }

  @Test("a member without the secret is refused with a typed error, and the listener waits on for the right one")
  func wrongSecret() async throws {
    let world = try World(size: 2)
    let refused = Gate()
    let results = await onThreads(2) { rank -> CollectiveError? in
      var complaint: CollectiveError?
      if rank == 1 {
        complaint = #expect(throws: CollectiveError.self) { _ = try world.form(1, secret: randomBytes(32)) }
        refused.open()
      }
      let collective = try world.form(rank)
      defer { collective.close() }
      _ = try collective.exchange([1])
      return complaint
    }
    #expect(try results[0].get() == nil)
    let complaint = try #require(try results[1].get())
    #expect(complaint.code == .refused)
    #expect(complaint.peer == Rank(0))
    #expect(!complaint.description.contains(world.secret.hexadecimal))
  }

  @Test("a rank of an older generation is fenced, and the newer generation forms")
  func staleGeneration() async throws {
    let world = try World(size: 2, generation: Generation(9))
    let results = await onThreads(2) { rank -> CollectiveError? in
      var complaint: CollectiveError?
      if rank == 1 {
        complaint = #expect(throws: CollectiveError.self) { _ = try world.form(1, generation: Generation(8)) }
      }
      let collective = try world.form(rank)
      defer { collective.close() }
      _ = try collective.exchange([1])
      return complaint
    }
    #expect(try results[0].get() == nil)
    #expect(try results[1].get()?.code == .fenced)
  }

  @Test("a rank ahead of its peer waits until the peer's old attempt is over")
  func earlyGeneration() async throws {
    let world = try World(size: 2, generation: Generation(9))
    let results = await onThreads(2) { rank -> CollectiveError? in
      var complaint: CollectiveError?
      if rank == 0 {
        complaint = #expect(throws: CollectiveError.self) {
          _ = try world.form(0, generation: Generation(8), deadline: .after(.milliseconds(200)))
        }
      }
      let collective = try world.form(rank)
      defer { collective.close() }
      _ = try collective.exchange([1])
      return complaint
    }
    #expect(try results[0].get()?.code == .timedOut)
    #expect(try results[1].get() == nil)
  }

  @Test("a rank that knows of a newer generation gives the old attempt up")
  func fencedWhileForming() throws {
    let world = try World(size: 2)
    let error = #expect(throws: CollectiveError.self) {
      _ = try world.listeners[0].form(
        generation: Generation(1), rank: Rank(0), members: world.members, secret: [1], deadline: .after(.seconds(60)),
        isFenced: { true })
    }
    #expect(error?.code == .fenced)
  }

  @Test("another idea of the world is refused")
  func wrongPlace() async throws {
    let world = try World(size: 3)
    let results = await onThreads(2) { rank -> CollectiveError? in
      if rank == 0 {
        return #expect(throws: CollectiveError.self) { _ = try world.form(0, deadline: .after(.milliseconds(500))) }
      }
      return #expect(throws: CollectiveError.self) {
        _ = try world.listeners[1].form(
          generation: world.generation, rank: Rank(1), members: Array(world.members[..<2]), secret: world.secret,
          deadline: .after(.seconds(20)))
      }
    }
    // The acceptor may have gone before the dialler knocked; then its listener is silent until the deadline.
    #expect(try results[0].get()?.code == .timedOut)
    #expect([.refused, .timedOut].contains(try results[1].get()?.code))
  }

  @Test("a member whose process is gone is lost at once")
  func nobodyListens() throws {
    let listener = try CollectiveListener()
    let gone = try CollectiveListener().address
    let start = ContinuousClock.now
    let error = #expect(throws: CollectiveError.self) {
      _ = try listener.form(
        generation: Generation(1), rank: Rank(1), members: [gone, listener.address], secret: [1],
        deadline: .after(.seconds(60)))
    }
    #expect(error?.code == .peerLost)
    #expect(error?.peer == Rank(0))
    #expect(start.duration(to: .now) < .seconds(5))
  }

  @Test("a member that never comes is waited for until the deadline")
  func absentMember() throws {
    let world = try World(size: 2)
    let error = #expect(throws: CollectiveError.self) { _ = try world.form(0, deadline: .after(.milliseconds(200))) }
    #expect(error?.code == .timedOut)
    #expect(error?.peer == Rank(1))
  }

  @Test(
    "an address that is none is refused in words", arguments: ["nonsense", "127.0.0.1", "127.0.0.1:x", "::1:5", ":1"])
  func badAddress(text: String) {
    let error = #expect(throws: CollectiveError.self) { _ = try CollectiveListener(address: text) }
    #expect(error?.code == .unavailable)
  }

  @Test("an IPv6 address in brackets works like any other")
  func version6() throws {
    guard let listener = try? CollectiveListener(address: "[::1]:0") else {
      print("SKIPPED: this machine has no IPv6 loopback")
      return
    }
    #expect(listener.address == "[::1]:\(listener.port)")
    #expect(listener.port > 0)
  }
}
