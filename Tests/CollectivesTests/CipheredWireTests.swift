import Collectives
import Cryptography
import Testing
import Vocabulary

/// What goes over a ciphered link, seen from both sides of it: a peer written by hand, and somebody who changes bytes.
@Suite("The ciphered wire", .serialized)
struct CipheredWireTests {
  /// Rank 1 by hand: what it does up to TLS, and then.
  final class HandWrittenRank {
    let client: RawClient
    let acceptorNonce: [UInt8]
    private let session: TLSSession
    private let secret: [UInt8]

    /// Knocks, proves that it holds the secret, and stops there.
    init(_ world: World) throws {
      client = try #require(RawClient(port: world.listeners[0].port))
      secret = world.secret
      client.send(WireTests.hello(encryption: 1, secret: secret))
      let answer = client.receive(88)
      acceptorNonce = Array(answer[24..<56])
      let welcome = WireTests.code(
        "retrain link 2: the link stands", secret, acceptorNonce: acceptorNonce, encryption: 1)
      #expect(WireTests.prove(answer, client, encryption: 1, secret: secret) == welcome)
      session = try TLSSession(
        .client,
        key: WireTests.code(
          "retrain link 2: the key of the TLS session", secret, acceptorNonce: acceptorNonce, encryption: 1))
    }

    private func flush() {
      client.send([UInt8](session.outgoing))
      session.didSend(session.outgoing.count)
    }

    func shakeHands() throws {
      while true {
        let isDone = try session.handshake()
        flush()
        if isDone { return }
        let bytes = client.receive(1)
        try #require(!bytes.isEmpty)
        session.incoming.copyBytes(from: bytes)
        session.didReceive(bytes.count)
      }
    }

    func say(_ header: [UInt8], _ body: [UInt8]) throws {
      let key = WireTests.code(
        "retrain link 2: frames of the dialler", secret, acceptorNonce: acceptorNonce, encryption: 1)
      let frame = WireTests.sealed(header, body, key: Array(key[..<GMAC.keyBytes]))
      #expect(try frame.withUnsafeBytes { try session.seal($0) } == frame.count)
      flush()
    }
  }

  @Test("a peer that speaks as documented is heard, and keeps its place, however many strangers come while TLS begins")
  func documentedFormat() async throws {
    let world = try World(size: 2, encryption: .tls)
    let results = await onThreads(2) { place -> [Float] in
      if place == 0 {
        let collective = try world.form(0)
        defer { collective.close() }
        return try collective.exchange([2]).sum
      }
      let rank = try HandWrittenRank(world)
      let strangers = (0..<400).compactMap { _ in DoorTests.Stranger.silent.knock(world.listeners[0].port) }
      #expect(strangers.count == 400)
      // More came than there is room for: once the first has had to go, so would have who came before it.
      #expect(strangers[0].receive(1).isEmpty)
      try rank.shakeHands()
      try rank.say(WireTests.frame(attachment: 3), [1, 2, 3] + WireTests.bytes(Float(5).bitPattern))
      _ = rank.client.receive(1 << 20)
      return []
    }
    #expect(try results[0].get() == [7])
  }

  @Test("after the handshake nothing plain is taken, whoever says it")
  func plainWords() async throws {
    let world = try World(size: 2, encryption: .tls)
    let results = await onThreads(2) { place in
      if place == 0 { return try world.form(0).close() }
      let rank = try HandWrittenRank(world)
      let key = WireTests.code(
        "retrain link 2: frames of the dialler", world.secret, acceptorNonce: rank.acceptorNonce, encryption: 1)
      rank.client.send(
        WireTests.sealed(WireTests.frame(), WireTests.bytes(Float(5).bitPattern), key: Array(key[..<GMAC.keyBytes])))
      _ = rank.client.receive(1 << 20)
    }
    #expect(results[0].complaint?.code == .refused)
    #expect(results[0].complaint?.peer == Rank(1))
    #expect(results[0].complaint?.reason.contains("no TLS session") == true)
  }

  /// One way of a link behind the first handshake.
  struct Records {
    /// Where each record begins, and the end.
    private(set) var starts: [Int] = [0]

    init(_ bytes: ArraySlice<UInt8>) {
      let bytes = Array(bytes)
      while let start = starts.last, start < bytes.count {
        starts.append(start + 5 + Int(bytes[start + 3]) << 8 + Int(bytes[start + 4]))
      }
    }

    enum Part {
      /// Type and version, the same for all records (RFC 8446, § 5.2). Not every change of them is noticed, and none changes
      /// what is heard.
      case idle
      case length, body
    }

    func part(_ place: Int) -> Part {
      let start = starts.last { $0 <= place } ?? 0
      return place - start < 3 ? .idle : place - start < 5 ? .length : .body
    }
  }

  @Test("whichever byte of a ciphered link is changed, no sum comes of it", arguments: [true, false])
  func changedBytes(isFromRank1: Bool) async throws {
    let (count, attachment) = (2, 3)
    let right = AgreementTests.sum(count: count, world: 2, seed: TamperingTests.seed)
    let heard = try await EncryptionTests.heard(.tls, count: count, attachment: attachment)
    let records = Records(isFromRank1 ? heard.there[128...] : heard.back[120...])
    // Hello, a record for old machines, and what ends the handshake: the client's in one record, the server's in two.
    let handshake = records.starts[isFromRank1 ? 3 : 4]
    for place in stride(from: 0, to: handshake, by: 5) + (handshake..<handshake + 2 * TamperingTests.smallFrame) {
      let part = records.part(place)
      let ranks = try await TamperingTests.run(
        .flip(at: place, bits: 1 << UInt8(place % 8)), isFromRank1: isFromRank1, count: count, attachment: attachment,
        encryption: .tls,
        patience: part == .body && place >= handshake ? (.seconds(20), .seconds(20)) : (.seconds(1), .milliseconds(300))
      )
      for rank in ranks {
        #expect(rank.sums.allSatisfy { $0 == right }, "byte \(place)")
        #expect(rank.error != nil || part == .idle, "byte \(place)")
      }
      if part == .body, place >= handshake {
        let victim = ranks[isFromRank1 ? 0 : 1]
        #expect(victim.error?.code == .tampered, "byte \(place): \(String(describing: victim.error))")
        #expect(victim.error?.peer == Rank(isFromRank1 ? 1 : 0))
      }
    }
  }
}

private func + (left: StrideTo<Int>, right: Range<Int>) -> [Int] { Array(left) + Array(right) }
