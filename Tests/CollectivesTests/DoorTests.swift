import Collectives
import Cryptography
import Foundation
import Synchronization
import Testing
import Vocabulary

/// Connections of strangers while a generation forms: whatever they say, and however many they are, who holds the secret gets
/// his link.
@Suite("Strangers at the door", .serialized)
struct DoorTests {
  enum Stranger: CaseIterable, Sendable {
    case silent, garbled
    /// Says what a peer says, as far as somebody can without the secret.
    case pretending
    /// Says what a peer says, and stops in the middle.
    case halting

    func knock(_ port: UInt16) -> RawClient? {
      guard let client = RawClient(port: port) else { return nil }
      let hello = WireTests.hello(world: 3, nonce: randomBytes(32), secret: [1])
      switch self {
      case .silent: break
      case .garbled: client.send([UInt8](repeating: 0x47, count: 300))
      case .pretending: client.send(hello)
      case .halting: client.send(Array(hello[..<50]))
      }
      return client
    }
  }

  @Test("a flood of strangers of every kind keeps no generation from forming")
  func flood() async throws {
    let world = try World(size: 3)
    let (formed, knocks, knocking) = (Tally(), Tally(), Gate())
    let results = await onThreads(3 + Stranger.allCases.count) { place -> [Float] in
      guard place < 3 else {
        var inside: [RawClient] = []
        // Until all ranks have formed; the bound only ends a test that fails.
        for round in 0..<10_000 where formed.count < 3 || round < 400 {
          guard let client = Stranger.allCases[place - 3].knock(world.listeners[round % 3].port) else { break }
          if inside.count == 100 { inside.removeFirst() }
          inside.append(client)
          if knocks.add() == 1200 { for _ in 0..<3 { knocking.open() } }
        }
        return []
      }
      knocking.wait()
      defer { formed.add() }
      let collective = try world.form(place)
      defer { collective.close() }
      return try collective.exchange([1]).sum
    }
    for result in results[..<3] { #expect(try result.get() == [3]) }
  }

  /// Rank 0 forms; `body` is a rank 1 written by hand, which ends with the link made.
  static func form(
    encryption: LinkEncryption = .none, _ body: @escaping @Sendable (World) throws -> Void
  ) async throws {
    let world = try World(size: 2, encryption: encryption)
    let results = await onThreads(2) { place in
      if place == 1 { return try body(world) }
      try world.form(0).close()
    }
    for result in results { try result.get() }
  }

  @Test(
    "a peer whose hello is right keeps its place, however many strangers come after it", arguments: Stranger.allCases)
  func place(stranger: Stranger) async throws {
    try await Self.form { world in
      let port = world.listeners[0].port
      let peer = try #require(RawClient(port: port))
      peer.send(WireTests.hello(secret: world.secret))
      let answer = peer.receive(88)
      let strangers = (0..<400).compactMap { _ in stranger.knock(port) }
      #expect(strangers.count == 400)
      // More came than there is room for: once the first has had to go, so would have who came before it.
      _ = strangers[0].receive(88)
      #expect(strangers[0].receive(1).isEmpty)
      #expect(WireTests.prove(answer, peer, secret: world.secret).count == 32)
    }
  }

  @Test("a hello that was overheard counts once: repeating it displaces nobody")
  func overheard() async throws {
    try await Self.form { world in
      let port = world.listeners[0].port
      // Of attempts that came to nothing: more than a rank has places.
      let old = (0..<20).map { WireTests.hello(nonce: [UInt8](repeating: $0, count: 32), secret: world.secret) }
      func say(_ hello: [UInt8]) throws -> (RawClient, answer: [UInt8]) {
        let client = try #require(RawClient(port: port))
        client.send(hello)
        return (client, client.receive(88))
      }
      var held: [RawClient] = []
      for hello in old {
        let (client, answer) = try say(hello)
        #expect(answer.count == 88)
        held.append(client)
      }
      let own = WireTests.hello(secret: world.secret)
      let (peer, answer) = try say(own)
      for hello in old[..<6] + [own] {
        let (client, _) = try say(hello)
        #expect(client.receive(1).isEmpty)
      }
      #expect(WireTests.prove(answer, peer, secret: world.secret).count == 32)
      #expect(held.count == 20)
    }
  }

  @Test("a dialler that is turned away before its hello is answered comes again")
  func again() async throws {
    let world = try World(size: 2)
    let meddler = try #require(Meddler(before: world.listeners[0].port))
    let results = await onThreads(3) { place -> [Float] in
      if place == 2 {
        meddler.turnAway(3)
        meddler.serve(.nothing, isFromRank1: true)
        return []
      }
      let collective = try world.form(place, through: place == 1 ? meddler.port : nil)
      defer { collective.close() }
      return try collective.exchange([1]).sum
    }
    for result in results[..<2] { #expect(try result.get() == [2]) }
  }
}

private final class Tally: Sendable {
  private let value = Atomic(0)
  var count: Int { value.load(ordering: .relaxed) }
  @discardableResult func add() -> Int { value.add(1, ordering: .relaxed).newValue }
}
