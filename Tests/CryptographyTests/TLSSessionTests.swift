import Cryptography
import Testing
import Vocabulary

@Suite("A TLS session of two that hold one key")
struct TLSSessionTests {
  static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  @Test("what is said at one end is heard at the other, wherever the records are cut", arguments: [nil, 1, 7, 20_000])
  func conversation(piecesMax: Int?) throws {
    let seed: UInt64 = 99
    print("seed \(seed)")
    let pair = try TLSPair(piecesMax: piecesMax, seed: seed)
    try pair.shakeHands()
    for (round, count) in [1, 100, 16_384, 16_385, piecesMax == 1 ? 3 : 1 << 20].enumerated() {
      let said = Self.bytes(count, seed: UInt64(round))
      #expect(try pair.say(said, from: pair.client) == said)
      #expect(try pair.say(said, from: pair.server, room: 20_000) == said)
    }
  }

  @Test("it is TLS 1.3 with a key exchange of its own, so that who learns the key later can read nothing")
  func agreement() throws {
    let pair = try TLSPair()
    try pair.shakeHands()
    for end in [pair.client, pair.server] { #expect(end.agreement == ["TLS1.3", "ECDHE-PSK", "AES-128-GCM"]) }
  }

  @Test("two sessions of one key say the same in other bytes, and none of the plain ones is among them")
  func records() throws {
    let said = Self.bytes(64, seed: 5)
    let records = try (0..<2).map { _ in
      let pair = try TLSPair()
      try pair.shakeHands()
      #expect(try said.withUnsafeBytes { try pair.client.seal($0) } == 64)
      return [UInt8](pair.client.outgoing)
    }
    // Type, version and length come first, plain.
    #expect(records.map(\.count) == [64 + 22, 64 + 22])
    #expect(records[0][..<5] == records[1][..<5])
    for place in 0..<(records[0].count - 8) {
      let piece = Array(records[0][place..<(place + 8)])
      if place >= 5 { #expect(Array(records[1][place..<(place + 8)]) != piece) }
      for start in 0..<(said.count - 8) { #expect(Array(said[start..<(start + 8)]) != piece) }
    }
  }

  @Test("ends with other keys come to nothing, and both learn it")
  func otherKey() throws {
    let pair = try TLSPair(serverKey: [UInt8](repeating: 9, count: 32))
    _ = try pair.client.handshake()
    pair.carry(from: pair.client)
    #expect(throws: TLSFailure.self) { _ = try pair.server.handshake() }
    pair.carry(from: pair.server)
    let told = #expect(throws: TLSFailure.self) { _ = try pair.client.handshake() }
    #expect(told?.words.contains("alert") == true)
    #expect(throws: TLSFailure.self) { _ = try [1, 2, 3].withUnsafeBytes { try pair.client.seal($0) } }
  }

  /// What one end says in a handshake and in the three records that follow.
  struct Stream {
    var bytes: [UInt8] = []
    var handshakeCount = 0

    /// Where a record has its outer type and version: they are the same for all and stand there for old machines on the way
    /// (RFC 8446, § 5.2). Not every change of them is noticed, and none changes what is heard.
    var idlePlaces: Set<Int> {
      var places: Set<Int> = []
      var start = 0
      while start < bytes.count {
        places.formUnion(start..<(start + 3))
        start += 5 + Int(bytes[start + 3]) << 8 + Int(bytes[start + 4])
      }
      return places
    }
  }

  static func streams() throws -> (client: Stream, server: Stream) {
    let pair = try TLSPair()
    var (client, server) = (Stream(), Stream())
    pair.meddle = { records, isClient, _ in if isClient { client.bytes += records } else { server.bytes += records } }
    try pair.shakeHands()
    (client.handshakeCount, server.handshakeCount) = (client.bytes.count, server.bytes.count)
    for round in 0..<3 { _ = try pair.say(bytes(50, seed: UInt64(round)), from: pair.client) }
    return (client, server)
  }

  @Test("whichever byte is changed on the way, nothing is heard that was not said")
  func changedBytes() throws {
    let (client, server) = try Self.streams()
    #expect(client.bytes.count - client.handshakeCount == 3 * (50 + 22))
    func tries(fromClient: Bool, _ place: Int) throws {
      let isIdle = (fromClient ? client : server).idlePlaces.contains(place)
      let pair = try TLSPair()
      pair.meddle = { records, isClient, begin in
        if isClient == fromClient, records.indices.contains(place - begin) {
          records[place - begin] ^= 1 << UInt8(place % 8)
        }
      }
      var heard = 0
      do {
        try pair.shakeHands()
        for round in 0..<3 {
          let said = Self.bytes(50, seed: UInt64(round))
          let part = try pair.say(said, from: pair.client)
          #expect(said.starts(with: part), "byte \(place)")
          if part.count < said.count { break }
          heard += 1
        }
      } catch is TLSFailure {}
      #expect(heard < 3 || isIdle, "byte \(place) of \(fromClient ? "the client" : "the server")")
      // What was said before the record that was changed is heard, and nothing from there on.
      if fromClient, place >= client.handshakeCount, !isIdle {
        #expect(heard == (place - client.handshakeCount) / 72, "byte \(place)")
      }
    }
    for place in client.bytes.indices { try tries(fromClient: true, place) }
    for place in server.bytes.indices { try tries(fromClient: false, place) }
  }

  @Test("a record that is left out or repeated is noticed", arguments: [[1], [0, 0]])
  func order(records: [Int]) throws {
    let pair = try TLSPair()
    try pair.shakeHands()
    var said: [[UInt8]] = []
    for round in 0..<2 {
      _ = try Self.bytes(10, seed: UInt64(round)).withUnsafeBytes { try pair.client.seal($0) }
      said.append([UInt8](pair.client.outgoing))
      pair.client.didSend(pair.client.outgoing.count)
    }
    var room = [UInt8](repeating: 0, count: 100)
    func hear(_ record: [UInt8]) throws -> TLSSession.Opened {
      pair.server.incoming.copyBytes(from: record)
      pair.server.didReceive(record.count)
      return try room.withUnsafeMutableBytes { try pair.server.open(into: $0) }
    }
    for (place, record) in records.enumerated() {
      if place == record, place == 0 {
        #expect(try hear(said[record]) == .bytes(10))
      } else {
        #expect(throws: TLSFailure.self) { _ = try hear(said[record]) }
        break
      }
    }
    // And once noticed, nothing is heard any more.
    #expect(throws: TLSFailure.self) { _ = try hear(said[0]) }
  }

  @Test("keys that are renewed on the way lose nothing, and hold nothing back that came behind them")
  func renewal() throws {
    let pair = try TLSPair()
    try pair.shakeHands()
    for round in 0..<4 {
      let said = Self.bytes(40_000, seed: UInt64(round))
      try pair.client.renewKeys()
      #expect(try pair.say(said, from: pair.client) == said)
      // The answer to it goes ahead of what is said next.
      #expect(try pair.say(said, from: pair.server) == said)
    }
    try pair.client.renewKeys()
    _ = try Self.bytes(10, seed: 9).withUnsafeBytes { try pair.client.seal($0) }
    pair.carry(from: pair.client)
    var room = [UInt8](repeating: 0, count: 100)
    #expect(try room.withUnsafeMutableBytes { try pair.server.open(into: $0) } == .bytes(10))
  }

  @Test("records are made as far as there is room, and go on where they stopped")
  func room() throws {
    let pair = try TLSPair()
    try pair.shakeHands()
    let said = Self.bytes(1 << 20, seed: 3)
    let sealed = try said.withUnsafeBytes { try pair.client.seal($0) }
    #expect((1..<said.count).contains(sealed))
    #expect(try said.withUnsafeBytes { try pair.client.seal($0) } == 0)
  }
}
