import Collectives
import Cryptography
import Foundation
import Testing
import Vocabulary

/// Links that TLS ciphers: for the ranks nothing is different, and who is on the way learns nothing and changes nothing.
@Suite("Ciphered links", .serialized)
struct EncryptionTests {
  static let seed: UInt64 = 2718

  static func attachment(of rank: Int, count: Int) -> [UInt8] {
    var random = SplitMix64(seed: seed &+ UInt64(rank))
    let part = (0..<4099).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    var bytes: [UInt8] = []
    while bytes.count < count { bytes += part }
    return Array(bytes[..<count])
  }

  struct Result: Equatable {
    var sums: [[Float]]
    var attachments: [[UInt8]]
    var state: [UInt8]
  }

  @Test(
    "ranks get the sums, attachments and state that they get over plain links, directly and in parts",
    arguments: [2, 3], [0, 1, 1000, 32_767, 32_768, 200_003, 3 << 18])
  func agreement(world: Int, count: Int) async throws {
    print("seed \(Self.seed)")
    let values = (0..<world).map { seededValues(count, rank: $0, seed: Self.seed) }
    func results(_ encryption: LinkEncryption) async throws -> [Result] {
      try await World(size: world, encryption: encryption).run { collective in
        let rank = collective.rank.rawValue
        let (sum, attachments) = try collective.exchange(
          values[rank], Self.attachment(of: rank, count: count * (rank + 1)))
        // Another size on its way back: what one exchange leaves must not reach the next.
        let (again, _) = try collective.exchange(Array(values[rank][..<(count / 2)]), [1, 2, 3])
        let state = try collective.broadcast(
          from: Rank(world - 1), Self.attachment(of: rank, count: count * 3), deadline: .after(.seconds(20)))
        return Result(sums: [sum, again], attachments: attachments, state: state)
      }.map { try $0.get() }
    }
    let (plain, ciphered) = (try await results(.none), try await results(.tls))
    #expect(plain == ciphered)
    #expect(ciphered[0].attachments == (0..<world).map { Self.attachment(of: $0, count: count * ($0 + 1)) })
    #expect(ciphered.allSatisfy { $0.state == Self.attachment(of: world - 1, count: count * 3) })
  }

  /// Two ranks exchange with somebody between them who hears all of it.
  static func heard(_ encryption: LinkEncryption, secret: [UInt8]? = nil, count: Int, attachment: Int = 5000)
    async throws -> (
      there: [UInt8], back: [UInt8], complaints: [CollectiveError?]
    )
  {
    let world = try World(size: 2, encryption: encryption)
    let meddler = try #require(Meddler(before: world.listeners[0].port))
    let results = await onThreads(3) { place -> CollectiveError? in
      if place == 2 {
        meddler.serve(.nothing, isFromRank1: true)
        return nil
      }
      do {
        let collective = try world.form(
          place, secret: place == 1 ? secret : nil, deadline: .after(.seconds(place == 0 && secret != nil ? 1 : 20)),
          through: place == 1 ? meddler.port : nil)
        defer { collective.close() }
        _ = try collective.exchange(
          seededValues(count, rank: place, seed: seed), Self.attachment(of: place, count: attachment))
        return nil
      } catch let error as CollectiveError {
        return error
      }
    }
    let heard = meddler.heard
    return (heard.there, heard.back, try results.map { try $0.get() })
  }

  @Test(
    "who hears all that is said on a link finds no piece of a gradient, an attachment or a frame's header in it",
    arguments: [1000, 100_000])
  func eavesdropping(count: Int) async throws {
    for encryption in LinkEncryption.allCases {
      let (there, back, complaints) = try await Self.heard(encryption, count: count)
      #expect(complaints == [nil, nil, nil])
      for (rank, said) in [(0, back), (1, there)] {
        let values = seededValues(count, rank: rank, seed: Self.seed).withUnsafeBytes { [UInt8]($0) }
        let attachment = Self.attachment(of: rank, count: 5000)
        #expect(said.count > (count > 5000 ? values.count / 2 : values.count) + attachment.count)
        var pieces = stride(from: 0, to: attachment.count - 16, by: 160).map { Array(attachment[$0..<($0 + 16)]) }
        // In parts a rank says one half of its own values: what the other adds up.
        let own = count < 5000 ? values : Array(values[(rank == 0 ? values.count / 2 + 64 : 0)...].prefix(100_000))
        pieces += stride(from: 0, to: own.count - 16, by: max(160, own.count / 50)).map { Array(own[$0..<($0 + 16)]) }
        let header = Array("RTCX".utf8) + WireTests.bytes(UInt32(count < 5000 ? 1 : 6)) + WireTests.bytes(Int64(7))
        let found = (pieces + [header]).count { Data(said).range(of: Data($0)) != nil }
        // Over a plain link all of them: the test would see them.
        #expect(found == (encryption == .none ? pieces.count + 1 : 0), "\(encryption), rank \(rank)")
      }
    }
  }

  @Test("who does not hold the secret never comes to TLS")
  func wrongSecret() async throws {
    let (there, back, complaints) = try await Self.heard(.tls, secret: randomBytes(32), count: 10)
    #expect(complaints[1]?.code == .refused && complaints[1]?.peer == Rank(0))
    #expect(complaints[0]?.code == .timedOut)
    // A hello, and the answer to it.
    #expect(there.count == 96 && back.count == 88)
  }

  @Test(
    "where one rank ciphers its links and the other does not, both are told at once what to do", arguments: [0, 1])
  func mixed(ciphering: Int) async throws {
    let world = try World(size: 2)
    let start = ContinuousClock.now
    let results = await onThreads(2) { rank in
      try world.form(rank, deadline: .after(.seconds(60)), encryption: rank == ciphering ? .tls : LinkEncryption.none)
        .close()
    }
    #expect(start.duration(to: .now) < .seconds(20))
    for (rank, result) in results.enumerated() {
      #expect(result.complaint?.code == .refused)
      #expect(result.complaint?.peer == Rank(1 - rank))
      #expect(result.complaint?.reason.contains("`group.encryption`") == true)
    }
  }

  @Test(
    "a link that stalls while TLS begins is waited for until the deadline, and not longer",
    arguments: [(true, 0), (true, 100), (true, 300), (false, 0), (false, 100)])
  func stall(isFromRank1: Bool, place: Int) async throws {
    let start = ContinuousClock.now
    let ranks = try await TamperingTests.run(
      .stall(from: place), isFromRank1: isFromRank1, count: 1, attachment: 0, encryption: .tls,
      patience: (.seconds(1), .seconds(1)))
    let waited = start.duration(to: .now)
    #expect(waited >= .seconds(1) && waited < .seconds(10))
    #expect(ranks.allSatisfy { $0.sums.isEmpty })
    #expect(ranks.contains { $0.error?.code == .timedOut })
    #expect(ranks.allSatisfy { [.timedOut, .peerLost].contains($0.error?.code) })
  }

  @Test("a rank that is lost, or silent, is noticed as over a plain link", arguments: [10, 1_000_000])
  func loss(count: Int) async throws {
    let done = Gate()
    let results = try await World(size: 3, encryption: .tls).run { collective -> CollectiveError? in
      _ = try collective.exchange([1])
      if collective.rank == Rank(2) { return nil }
      defer { if collective.rank == Rank(0) { done.open() } else { done.wait() } }
      return #expect(throws: CollectiveError.self) {
        _ = try collective.exchange([Float](repeating: 1, count: count), within: .seconds(60))
      }
    }
    #expect(try results[..<2].allSatisfy { try $0.get()?.code == .peerLost })

    let silence = Gate()
    let silent = try await World(size: 2, encryption: .tls).run { collective -> CollectiveError? in
      if collective.rank == Rank(1) {
        silence.wait()
        return nil
      }
      defer { silence.open() }
      return #expect(throws: CollectiveError.self) {
        _ = try collective.exchange([Float](repeating: 1, count: count), within: .milliseconds(300))
      }
    }
    #expect(try silent[0].get()?.code == .timedOut)
  }
}
