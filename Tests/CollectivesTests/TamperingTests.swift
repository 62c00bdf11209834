import Collectives
import Foundation
import Testing
import Vocabulary

/// Ranks with somebody between them: whatever is done to the bytes on the way, no rank ends with a sum or an attachment that
/// no peer sent.
@Suite("Somebody on the path", .serialized)
struct TamperingTests {
  static let seed: UInt64 = 77

  /// Rank 1 dials through a meddler; both exchange three times.
  ///
  /// - Returns: What each rank got, exchange by exchange, until it failed; and how.
  static func run(
    _ deed: Meddler.Deed, isFromRank1: Bool, count: Int, attachment: Int,
    limits: CollectiveLimits = CollectiveLimits(), encryption: LinkEncryption = .none, isRounded: Bool = false,
    patience: (forming: Duration, exchange: Duration) = (.seconds(20), .seconds(2))
  ) async throws -> [(sums: [[Float]], attachments: [[[UInt8]]], error: CollectiveError?)] {
    let world = try World(size: 2, encryption: encryption)
    let meddler = try #require(Meddler(before: world.listeners[0].port))
    let results = await onThreads(3) { place -> (sums: [[Float]], attachments: [[[UInt8]]], error: CollectiveError?) in
      if place == 2 {
        meddler.serve(deed, isFromRank1: isFromRank1)
        return ([], [], nil)
      }
      var (sums, attachments): ([[Float]], [[[UInt8]]]) = ([], [])
      let compression = isRounded ? GradientCompression() : nil
      do {
        let collective = try world.form(
          place, deadline: .after(patience.forming), limits: limits, through: place == 1 ? meddler.port : nil)
        defer { collective.close() }
        for _ in 0..<3 {
          let (sum, received) = try collective.exchange(
            seededValues(count, rank: place, seed: seed), [UInt8](repeating: UInt8(place + 1), count: attachment),
            within: patience.exchange, by: compression)
          sums.append(sum)
          attachments.append(received)
        }
      } catch let error as CollectiveError {
        return (sums, attachments, error)
      }
      return (sums, attachments, nil)
    }
    return try results[..<2].map { try $0.get() }
  }

  static func expect(
    _ deed: Meddler.Deed, isFromRank1: Bool, count: Int, attachment: Int, limits: CollectiveLimits = CollectiveLimits(),
    isRounded: Bool = false
  ) async throws {
    var reference = CompressionTests.Reference(world: 2, count: count, isWhole: true)
    let right =
      isRounded
      ? reference.sum(CompressionTests.Step(values: { seededValues(count, rank: $0, seed: seed) }))
      : AgreementTests.sum(count: count, world: 2, seed: seed)
    let ranks = try await run(
      deed, isFromRank1: isFromRank1, count: count, attachment: attachment, limits: limits, isRounded: isRounded)
    for rank in ranks {
      #expect(rank.sums.allSatisfy { $0 == right }, "\(deed)")
      #expect(
        rank.attachments.allSatisfy {
          $0 == [[UInt8](repeating: 1, count: attachment), [UInt8](repeating: 2, count: attachment)]
        }, "\(deed)")
    }
    let victim = ranks[isFromRank1 ? 0 : 1]
    #expect(victim.sums.count < 3, "\(deed)")
    #expect(victim.error?.code == .tampered, "\(deed): \(victim.error.map(String.init(describing:)) ?? "no error")")
    #expect(victim.error?.peer == Rank(isFromRank1 ? 1 : 0))
  }

  /// Of a direct exchange with 3 bytes attached and 2 values: header, code, body, code.
  static let smallFrame = 48 + 16 + 3 + 8 + 16

  @Test("one bit of any byte of a frame is noticed in the exchange itself", arguments: [true, false])
  func everyByte(isFromRank1: Bool) async throws {
    for place in 0..<Self.smallFrame {
      try await Self.expect(
        .flip(at: Self.smallFrame + place, bits: 1 << UInt8(place % 8)), isFromRank1: isFromRank1, count: 2,
        attachment: 3)
    }
  }

  @Test("one bit of any byte of a frame with bfloat16 values is noticed too", arguments: [true, false])
  func everyByteRounded(isFromRank1: Bool) async throws {
    // Header, code, values, code; header, code, attachment, code.
    let frame = 48 + 16 + 4 + 16 + 48 + 16 + 3 + 16
    for place in 0..<frame {
      try await Self.expect(
        .flip(at: frame + place, bits: 1 << UInt8(place % 8)), isFromRank1: isFromRank1, count: 2, attachment: 3,
        isRounded: true)
    }
  }

  @Test("bits anywhere in values that go in parts are noticed, and no rank keeps the sum")
  func partValues() async throws {
    print("seed \(Self.seed)")
    var random = SplitMix64(seed: Self.seed)
    var limits = CollectiveLimits()
    limits.partsBytesMin = 1
    let count = 50_000
    let frame = 48 + 16 + count * 4 + 4 * 16 + 48 + 16 + 100 + 16
    for round in 0..<60 {
      try await Self.expect(
        .flip(at: Int(random.next() % UInt64(3 * frame)), bits: UInt8(1 + random.next() % 255)),
        isFromRank1: round % 2 == 0, count: count, attachment: 100, limits: limits)
    }
  }

  @Test("a frame that is said twice or left out is noticed")
  func repetition() async throws {
    for isFromRank1 in [true, false] {
      try await Self.expect(
        .echo(from: 0, count: Self.smallFrame), isFromRank1: isFromRank1, count: 2, attachment: 3)
      try await Self.expect(
        .drop(from: 0, count: Self.smallFrame), isFromRank1: isFromRank1, count: 2, attachment: 3)
    }
  }
}
