import Collectives
import Testing
import Vocabulary

/// Exchanges that begin before their values are all there.
@Suite("Opened exchanges", .serialized)
struct OpenedExchangeTests {
  static let seed: UInt64 = 4711
  /// Stretches from the last to the first, one of them joined with its neighbour.
  static let order = [150_000..<150_016, 100_000..<150_000, 20_000..<100_000, 0..<20_000]
  static let count = 150_016
  static let limits: CollectiveLimits = {
    var limits = CollectiveLimits()
    limits.overlapBytesMin = 1 << 17
    return limits
  }()

  /// Makes the values of one rank, stretch by stretch, and says so; what is not made yet holds nonsense.
  static func exchange(
    _ collective: TCPCollective, seed: UInt64, upTo made: Int = order.count,
    _ compression: GradientCompression? = nil
  ) throws -> (sum: [Float], attachments: [[UInt8]]) {
    let rank = collective.rank.rawValue
    let values = seededValues(count, rank: rank, seed: seed)
    var dense = [Float](repeating: .nan, count: count)
    let plan = SumPlan.byRank(worldSize: collective.worldSize, holders: collective.worldSize)
    let attachments = try dense.withUnsafeMutableBufferPointer { pointer in
      let dense = DenseValues(vectors: pointer, sum: pointer, plan: plan, compression: compression, order: order)
      collective.open(dense)
      for (place, stretch) in order.enumerated() {
        for index in stretch { pointer[index] = values[index] }
        if place < made { collective.advance(place + 1) }
      }
      return try [UInt8](repeating: UInt8(rank), count: 100 * rank).withUnsafeBytes {
        try collective.exchange(dense, attachment: $0, deadline: .after(.seconds(20))) { $0.map { [UInt8]($0) } }
      }
    }
    return (dense, attachments)
  }

  @Test("end with the bits of one that began with all values, however far each rank had got", arguments: 2...4)
  func sameBits(world: Int) async throws {
    print("seed \(Self.seed)")
    let results = try await World(size: world).run(limits: Self.limits) { collective in
      try (0..<12).map { round in
        // Some ranks say nothing before the end, some say all, and which do changes.
        let made = (collective.rank.rawValue * 3 + round) % (Self.order.count + 1)
        return try Self.exchange(collective, seed: Self.seed + UInt64(round), upTo: made)
      }
    }
    let attachments = (0..<world).map { [UInt8](repeating: UInt8($0), count: 100 * $0) }
    let expected = (0..<12).map { AgreementTests.sum(count: Self.count, world: world, seed: Self.seed + UInt64($0)) }
    for result in results {
      let rounds = try result.get()
      #expect(rounds.map(\.sum) == expected)
      #expect(rounds.allSatisfy { $0.attachments == attachments })
    }
  }

  @Test("as bfloat16 too", arguments: 2...4)
  func rounded(world: Int) async throws {
    let results = try await World(size: world).run(limits: Self.limits) { collective in
      let compression = GradientCompression()
      return try (0..<5).map { round in
        let made = (collective.rank.rawValue * 3 + round) % (Self.order.count + 1)
        let sum = try Self.exchange(collective, seed: Self.seed + UInt64(round), upTo: made, compression).sum
        compression.keepErrors()
        return sum
      }
    }
    var reference = CompressionTests.Reference(world: world, count: Self.count, isWhole: world == 2)
    let expected = (0..<5).map { round in
      reference.sum(
        CompressionTests.Step(values: { seededValues(Self.count, rank: $0, seed: Self.seed + UInt64(round)) }))
    }
    for result in results { #expect(try result.get() == expected) }
  }

  @Test("what is final is added up while the rest is still being made")
  func overlaps() async throws {
    let expected = AgreementTests.sum(count: Self.count, world: 2, seed: Self.seed)
    // The sum of a stretch goes behind the values of the next one. Of the first stretches some in both parts:
    let places = [Self.order[1].lowerBound, Self.order[1].upperBound - 1, Self.count - 1]
    let results = try await World(size: 2).run(limits: Self.limits) { collective in
      let values = seededValues(Self.count, rank: collective.rank.rawValue, seed: Self.seed)
      var dense = values
      for index in Self.order[3] { dense[index] = .nan }
      let plan = SumPlan.byRank(worldSize: 2, holders: 2)
      return try dense.withUnsafeMutableBufferPointer { pointer in
        let dense = DenseValues(vectors: pointer, sum: pointer, plan: plan, order: Self.order)
        collective.open(dense)
        let deadline = Deadline.after(.seconds(20))
        while !places.allSatisfy({ pointer[$0] == expected[$0] }), !deadline.hasPassed { collective.advance(3) }
        let early = places.map { pointer[$0] }
        for index in Self.order[3] { pointer[index] = values[index] }
        try collective.exchange(
          dense, attachment: UnsafeRawBufferPointer(start: nil, count: 0), deadline: .after(.seconds(20))
        ) { _ in }
        return (early, Array(pointer))
      }
    }
    for result in results {
      let (early, all) = try result.get()
      #expect(early == places.map { expected[$0] })
      #expect(all == expected)
    }
  }

  @Test("a peer that is lost meanwhile is told by the exchange, and closes the collective")
  func loss() async throws {
    let results = try await World(size: 3).run(limits: Self.limits) { collective in
      if collective.rank == Rank(2) { return collective.close() }
      do {
        _ = try Self.exchange(collective, seed: 1)
      } catch let error as CollectiveError {
        #expect(error.code == .peerLost)
        #expect(throws: CollectiveError.self) { try collective.exchange([1]) }
        throw error
      }
    }
    #expect(results[0].complaint != nil && results[1].complaint != nil)
  }

  @Test("what was changed on the way is told by the exchange, also where it was noticed before")
  func tampering() async throws {
    let world = try World(size: 2)
    let meddler = try #require(Meddler(before: world.listeners[0].port))
    // A byte of the first segment that rank 1 sends.
    let results = await onThreads(3) { place in
      if place == 2 { return meddler.serve(.flip(at: 48 + 16 + 100, bits: 1), isFromRank1: true) }
      let collective = try world.form(place, limits: Self.limits, through: place == 1 ? meddler.port : nil)
      defer { collective.close() }
      var values = seededValues(Self.count, rank: place, seed: Self.seed)
      let plan = SumPlan.byRank(worldSize: 2, holders: 2)
      try values.withUnsafeMutableBufferPointer { pointer in
        let dense = DenseValues(vectors: pointer, sum: pointer, plan: plan, order: Self.order)
        collective.open(dense)
        // Long enough for it to come: the exchange finds nothing new.
        let deadline = Deadline.after(.milliseconds(300))
        while !deadline.hasPassed { collective.advance(3) }
        try collective.exchange(
          dense, attachment: UnsafeRawBufferPointer(start: nil, count: 0), deadline: .after(.seconds(20))
        ) { _ in }
      }
    }
    #expect(results[0].complaint?.code == .tampered && results[0].complaint?.peer == Rank(1))
    #expect(results[1].complaint != nil)
  }

  @Test("a closed collective takes an opening, and the exchange says that it is closed")
  func closed() async throws {
    let results = try await World(size: 2).run(limits: Self.limits) { collective in
      collective.close()
      _ = try Self.exchange(collective, seed: 1)
    }
    #expect(results.allSatisfy { $0.complaint?.code == .closed })
  }

  @Test("few values wait for the exchange, and by partition too")
  func notInSegments() async throws {
    let results = try await World(size: 2).run(limits: Self.limits) { collective in
      let rank = collective.rank.rawValue
      var values: [Float] = [Float(rank), 2]
      return try values.withUnsafeMutableBufferPointer { pointer in
        let tree = PartitionTree(count: 2)
        for plan in [
          SumPlan.byRank(worldSize: 2, holders: 2), SumPlan.byPartition(tree, stretches: [0..<1, 1..<2]),
        ] {
          pointer[0] = .nan
          let dense = DenseValues(vectors: pointer, sum: pointer, plan: plan, order: [1..<2, 0..<1])
          collective.open(dense)
          collective.advance(1)
          (pointer[0], pointer[1]) = (Float(rank), 2)
          try collective.exchange(
            dense, attachment: UnsafeRawBufferPointer(start: nil, count: 0), deadline: .after(.seconds(20))
          ) { _ in }
          guard pointer[0] == 1, pointer[1] == 4 else { return false }
        }
        return true
      }
    }
    #expect(try results.allSatisfy { try $0.get() })
  }
}
