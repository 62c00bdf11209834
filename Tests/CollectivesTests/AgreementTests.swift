import Collectives
import Testing
import Vocabulary

@Suite("Agreement", .serialized)
struct AgreementTests {
  static let seed: UInt64 = 20_240_611

  /// The sum in the documented order, in plain loops.
  static func sum(count: Int, world: Int, seed: UInt64 = seed) -> [Float] {
    let vectors = (0..<world).map { seededValues(count, rank: $0, seed: seed) }
    return (0..<count).map { index in vectors.dropFirst().reduce(vectors[0][index]) { $0 + $1[index] } }
  }

  static func attachment(of rank: Int, count: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(rank + 1), count: rank * 1000 + count % 13)
  }

  @Test(
    "every rank ends with the sum in the documented order and everybody's attachment",
    arguments: 1...5, [0, 1, 2, 15, 17, 1023, 50_000, 32_767, 32_768, 65_536, 200_003, 1_000_001])
  func sums(world: Int, count: Int) async throws {
    print("seed \(Self.seed)")
    let results = try await World(size: world).run { collective in
      let rank = collective.rank.rawValue
      return try collective.exchange(
        seededValues(count, rank: rank, seed: Self.seed), Self.attachment(of: rank, count: count))
    }
    let expected = Self.sum(count: count, world: world)
    let attachments = (0..<world).map { Self.attachment(of: $0, count: count) }
    for result in results {
      let (sum, received) = try result.get()
      #expect(sum == expected)
      #expect(received == attachments)
    }
  }

  @Test("sixteen mebibytes of values are summed alike on every rank, without deadlock", arguments: [2, 3, 4])
  func largeVectors(world: Int) async throws {
    print("seed \(Self.seed)")
    let count = 4 << 20
    let results = try await World(size: world).run { collective in
      let rank = collective.rank.rawValue
      return try collective.exchange(
        seededValues(count, rank: rank, seed: Self.seed), [UInt8](repeating: UInt8(rank), count: 3 << 20))
    }
    let expected = Self.sum(count: count, world: world)
    for result in results {
      let (sum, attachments) = try result.get()
      #expect(sum == expected)
      #expect(attachments.map(\.count) == [Int](repeating: 3 << 20, count: world))
      #expect(attachments.map(\.last) == (0..<world).map { UInt8($0) })
    }
  }

  @Test("repetition gives the same bits, however the bytes are cut on the way", arguments: [2, 3, 5])
  func repetition(world: Int) async throws {
    print("seed \(Self.seed)")
    let results = try await World(size: world).run { collective in
      let rank = collective.rank.rawValue
      var seen: Set<[UInt32]> = []
      for round in 0..<40 {
        // Attachments of changing sizes shift where the kernel cuts the stream.
        let attachment = [UInt8](repeating: 9, count: (round * 7919 + rank * 31) % 40_000)
        let (sum, _) = try collective.exchange(seededValues(70_001, rank: rank, seed: Self.seed), attachment)
        seen.insert(sum.map(\.bitPattern))
      }
      return seen
    }
    let bits = try results.map { try $0.get() }
    #expect(bits[0].count == 1)
    #expect(Set(bits).count == 1)
  }

  @Test("a large attachment of one rank beside empty ones arrives whole")
  func unevenAttachments() async throws {
    let results = try await World(size: 3).run { collective in
      let isLoud = collective.rank == Rank(1)
      return try collective.exchange([1, 2, 3], isLoud ? Array(repeating: 7, count: 10_000_001) : []).attachments
    }
    for result in results {
      #expect(try result.get() == [[], [UInt8](repeating: 7, count: 10_000_001), []])
    }
  }

  @Test("state goes from any rank to all others", arguments: [0, 2])
  func handOver(root: Int) async throws {
    let state = seededValues(6_000_000, rank: root, seed: Self.seed).withUnsafeBytes { [UInt8]($0) }
    let results = try await World(size: 3).run { collective in
      let isRoot = collective.rank == Rank(root)
      let received = try collective.broadcast(
        from: Rank(root), isRoot ? state : [1, 2, 3], deadline: .after(.seconds(20)))
      let (sum, _) = try collective.exchange([1])
      return (received, sum)
    }
    for result in results {
      let (received, sum) = try result.get()
      #expect(received == state)
      #expect(sum == [3])
    }
  }

  @Test("alone, the sum is one's own and the attachment comes back")
  func solo() throws {
    let collective = SoloCollective(generation: Generation(3))
    let (sum, attachments) = try collective.exchange([1, 2], [5])
    #expect(sum == [1, 2])
    #expect(attachments == [[5]])
    #expect(try collective.broadcast(from: Rank(0), [4], deadline: .after(.seconds(1))) == [4])
  }

  @Test("a rank that leaves after the last exchange does not spoil it for the others")
  func leaving() async throws {
    for _ in 0..<20 {
      let results = try await World(size: 3).run { try $0.exchange([1, 2], [UInt8](repeating: 1, count: 100)).sum }
      for result in results { #expect(try result.get() == [3, 6]) }
    }
  }
}
