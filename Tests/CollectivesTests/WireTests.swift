import Collectives
import Cryptography
import Foundation
import Testing
import Vocabulary

/// A peer written by hand: it holds the wire format still and says what a real rank never would.
@Suite("The wire", .serialized)
struct WireTests {
  static func bytes<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
  }

  static let nonce = [UInt8](repeating: 0x5a, count: 32)

  /// What rank 1 says first, with the code that a holder of `secret` gives it.
  static func hello(
    generation: Int64 = 7, world: UInt32 = 2, from: UInt32 = 1, to: UInt32 = 0, encryption: UInt32 = 0,
    nonce: [UInt8] = nonce, secret: [UInt8]
  ) -> [UInt8] {
    let place = bytes(generation) + bytes(world) + bytes(from) + bytes(to)
    let statement = Array("retrain link 2: a holder of the secret dials".utf8) + [0]
    return Array("retrnLK2".utf8) + place + bytes(encryption) + nonce
      + HMACSHA256.code(of: statement + place + nonce + said(encryption), key: secret)
  }

  /// Of links that are ciphered, every code says so.
  static func said(_ encryption: UInt32) -> [UInt8] { encryption == 0 ? [] : bytes(encryption) }

  static func code(
    _ statement: String, _ secret: [UInt8], nonce: [UInt8] = nonce, acceptorNonce: [UInt8], encryption: UInt32 = 0
  ) -> [UInt8] {
    HMACSHA256.code(
      of: Array(statement.utf8) + [0] + bytes(Int64(7)) + bytes(UInt32(2)) + bytes(UInt32(1)) + bytes(UInt32(0))
        + nonce + acceptorNonce + said(encryption), key: secret)
  }

  /// Shows the acceptor that rank 1 is here now, as an answer to its `answer`, and gives what it says to that.
  static func prove(
    _ answer: [UInt8], _ client: RawClient, nonce: [UInt8] = nonce, encryption: UInt32 = 0, secret: [UInt8]
  ) -> [UInt8] {
    guard answer.count == 88 else { return [] }
    let proof = "retrain link 2: the dialler holds the secret"
    client.send(
      code(proof, secret, nonce: nonce, acceptorNonce: Array(answer[24..<56]), encryption: encryption))
    return client.receive(32)
  }

  static func frame(
    kind: UInt32 = 1, generation: Int64 = 7, sequence: UInt64 = 0, dense: UInt64 = 1, attachment: UInt64 = 0,
    sender: UInt32 = 1
  ) -> [UInt8] {
    Array("RTCX".utf8) + bytes(kind) + bytes(generation) + bytes(sequence) + bytes(dense) + bytes(attachment)
      + bytes(sender) + bytes(UInt32(0))
  }

  /// A frame of a direct exchange as rank 1 would write it, each part with its code.
  static func sealed(_ header: [UInt8], _ body: [UInt8], key: [UInt8]) -> [UInt8] {
    var seal = GMAC(key: key)
    func code(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
      var code = [UInt8](repeating: 0, count: GMAC.byteCount)
      seal.begin(number)
      bytes.withUnsafeBytes { seal.update($0) }
      code.withUnsafeMutableBytes { code in code.baseAddress.map { seal.finish(to: $0) } }
      return code
    }
    return header + code(0, header) + body + code(1, body)
  }

  /// Rank 0 exchanges the value 2 with a hand-written rank 1 that knows the secret and then says a frame, as it should, or
  /// `words` instead.
  static func exchange(
    _ header: [UInt8], _ body: [UInt8] = [], words: [UInt8]? = nil
  ) async throws -> Result<[Float], any Error> {
    let world = try World(size: 2)
    let results = await onThreads(2) { rank -> [Float] in
      if rank == 0 {
        let collective = try world.form(0)
        return try collective.exchange([2]).sum
      }
      let client = try #require(RawClient(port: world.listeners[0].port))
      client.send(hello(secret: world.secret))
      let answer = client.receive(88)
      #expect(Array(answer[..<8]) == Array("retrnLA2".utf8))
      let acceptorNonce = Array(answer[24..<56])
      let claim = code("retrain link 2: the acceptor holds the secret", world.secret, acceptorNonce: acceptorNonce)
      #expect(Array(answer[56...]) == claim)
      let welcome = code("retrain link 2: the link stands", world.secret, acceptorNonce: acceptorNonce)
      #expect(prove(answer, client, secret: world.secret) == welcome)
      let key = code("retrain link 2: frames of the dialler", world.secret, acceptorNonce: acceptorNonce)
      client.send(words ?? sealed(header, body, key: Array(key[..<GMAC.keyBytes])))
      // Until rank 0 is done with this link.
      _ = client.receive(1 << 20)
      return []
    }
    return results[0]
  }

  @Test("a peer that speaks as documented is heard")
  func documentedFormat() async throws {
    let sum = try await Self.exchange(
      Self.frame(attachment: 3), [1, 2, 3] + Self.bytes(Float(5).bitPattern))
    #expect(try sum.get() == [7])
  }

  @Test(
    "a frame that does not belong to the exchange is refused, before memory is taken for what it announces",
    arguments: [
      frame(attachment: UInt64.max), frame(attachment: 1 << 62), frame(attachment: 64 << 20 + 1),
      frame(dense: 1 << 60), frame(dense: 2), frame(kind: 2), frame(kind: 3), frame(kind: 4), frame(kind: 5),
      frame(kind: 99), frame(sequence: 1), frame(generation: 6), frame(sender: 0),
      [UInt8](repeating: 0, count: 48), [UInt8](repeating: 0xff, count: 48),
    ])
  func wrongFrame(header: [UInt8]) async throws {
    let result = try await Self.exchange(header)
    #expect(result.complaint?.code == .protocolViolation)
    #expect(result.complaint?.peer == Rank(1))
  }

  @Test(
    "a frame without the codes of the link is refused by its header",
    arguments: [
      frame(attachment: 3) + [UInt8](repeating: 0, count: 16) + [1, 2, 3],
      sealed(frame(), bytes(Float(5).bitPattern), key: [UInt8](repeating: 0, count: 16)),
      [UInt8](repeating: 0x20, count: 64),
    ])
  func unsealed(words: [UInt8]) async throws {
    let result = try await Self.exchange([], words: words)
    #expect(result.complaint?.code == .tampered)
    #expect(result.complaint?.peer == Rank(1))
  }

  @Test("a stranger cannot turn the acceptor's own code into a proof")
  func reflection() async throws {
    let world = try World(size: 2)
    let done = Gate()
    let results = await onThreads(3) { place -> [Float] in
      if place < 2 {
        if place == 1 { done.wait() }
        let collective = try world.form(place)
        defer { collective.close() }
        return try collective.exchange([1]).sum
      }
      defer { done.open() }
      let client = try #require(RawClient(port: world.listeners[0].port))
      client.send(Self.hello(secret: world.secret))
      client.send(Array(client.receive(88)[56...]))
      #expect(client.receive(1).isEmpty)
      return []
    }
    #expect(try results[0].get() == [2])
    #expect(try results[1].get() == [2])
  }

  @Test("a hello from another generation, for another place or of another secret is answered with the reason")
  func refusals() async throws {
    let world = try World(size: 2)
    let reasons = await onThreads(2) { place -> [UInt8] in
      if place == 0 {
        let collective = try world.form(0, deadline: .after(.seconds(20)))
        collective.close()
        return []
      }
      let hellos = [
        Self.hello(generation: 6, secret: [1]), Self.hello(generation: 8, secret: [1]),
        Self.hello(to: 1, secret: world.secret), Self.hello(world: 3, secret: world.secret), Self.hello(secret: [1]),
      ]
      let answers = try hellos.map { hello in
        let client = try #require(RawClient(port: world.listeners[0].port))
        client.send(hello)
        return client.receive(88)
      }
      let collective = try world.form(1)
      collective.close()
      return answers.map { $0.count == 88 ? $0[8] : 0 }
    }
    #expect(try reasons[1].get() == [1, 2, 3, 3, 4])
  }
}
