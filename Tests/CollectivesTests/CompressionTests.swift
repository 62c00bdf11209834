import Collectives
import Testing
import Vocabulary

/// Gradients that go as bfloat16: half the bytes, the same bits everywhere, and nothing lost but the last rounding.
@Suite("Compression of gradients", .serialized)
struct CompressionTests {
  /// What every rank does in a step: which values it hands over, and whether the step then counts.
  struct Step {
    var values: @Sendable (_ rank: Int) -> [Float]
    var counts = true
  }

  /// The sums that each rank ends with, step by step.
  static func run(
    world: Int, _ steps: [Step], partsBytesMin: Int = CollectiveLimits().partsBytesMin,
    encryption: LinkEncryption = .none
  ) async throws -> [[[Float]]] {
    var limits = CollectiveLimits()
    limits.partsBytesMin = partsBytesMin
    let given = steps.map { step in ((0..<world).map { step.values($0) }, step.counts) }
    let results = try await World(size: world, encryption: encryption).run(limits: limits) { collective in
      let compression = GradientCompression()
      return try given.map { values, counts in
        let sum = try collective.exchange(values[collective.rank.rawValue], by: compression).sum
        if counts { compression.keepErrors() }
        return sum
      }
    }
    return try results.map { try $0.get() }
  }

  /// The documented sums of bfloat16 values, in plain loops: with both errors, `isWhole` with the first only.
  struct Reference {
    let world: Int
    let isWhole: Bool
    var own: [[Float]]
    var part: [Float]

    init(world: Int, count: Int, isWhole: Bool) {
      (self.world, self.isWhole) = (world, isWhole)
      own = Array(repeating: Array(repeating: 0, count: count), count: world)
      part = Array(repeating: 0, count: count)
    }

    /// By adding half of the last place that is kept, and leaving out the rest; ties are looked at apart.
    static func rounded(_ x: Float) -> Float {
      let (bits, place) = (x.bitPattern, UInt32(1) << 16)
      let low = bits % place
      let isUp = low > place / 2 || (low == place / 2 && !(bits / place).isMultiple(of: 2))
      return Float(bitPattern: bits - low + (isUp ? place : 0))
    }

    mutating func sum(_ step: Step) -> [Float] {
      let values = (0..<world).map { step.values($0) }
      let before = self
      var sum = [Float](repeating: 0, count: part.count)
      for index in sum.indices {
        for rank in 0..<world {
          let whole = values[rank][index] + own[rank][index]
          let sent = Self.rounded(whole)
          own[rank][index] = whole - sent
          sum[index] = rank == 0 ? sent : sum[index] + sent
        }
        guard !isWhole else { continue }
        let whole = sum[index] + part[index]
        sum[index] = Self.rounded(whole)
        part[index] = whole - sum[index]
      }
      if !step.counts { self = before }
      return sum
    }
  }

  @Test(
    "every rank ends with the bits of the documented sum, in steps that count and steps that do not",
    arguments: 2...4, [0, 1, 17, 1023, 32_767, 32_768, 100_003])
  func sameBits(world: Int, count: Int) async throws {
    let steps = [true, false, false, true, true].enumerated().map { number, counts in
      Step(values: { seededValues(count, rank: $0, seed: UInt64(number / 3)) }, counts: counts)
    }
    let isWhole = world == 2 || count * 4 < CollectiveLimits().partsBytesMin
    var reference = Reference(world: world, count: count, isWhole: isWhole)
    let expected = steps.map { reference.sum($0) }
    for (rank, sums) in try await Self.run(world: world, steps).enumerated() {
      #expect(sums == expected, "rank \(rank)")
    }
    // In the test's own numbers, rounding is seen, and so is what a step that counts leaves behind.
    if count > 100 { #expect(expected[1] == expected[2] && expected[0] != expected[1]) }
  }

  @Test("ciphered links change no bit of it", arguments: [2, 3], [17, 100_003])
  func ciphered(world: Int, count: Int) async throws {
    let steps = (0..<3).map { number in Step(values: { seededValues(count, rank: $0, seed: UInt64(number)) }) }
    let plain = try await Self.run(world: world, steps)
    #expect(try await Self.run(world: world, steps, encryption: .tls) == plain)
  }

  @Test("the same step made again, because it did not count, has the same bits", arguments: [1 << 30, 4])
  func madeAgain(partsBytesMin: Int) async throws {
    let step = Step(values: { seededValues(2000, rank: $0, seed: 3) })
    let void = Step(values: step.values, counts: false)
    let other = Step(values: { seededValues(2000, rank: $0, seed: 4) }, counts: false)
    let sums = try await Self.run(world: 3, [step, void, other, void, step, void], partsBytesMin: partsBytesMin)[0]
    #expect(sums[1] == sums[3] && sums[3] == sums[4])
    #expect(sums[4] != sums[5])
  }

  @Test(
    "over many steps the mean is that of the float32 sums, to a last place of bfloat16 over their number",
    arguments: [2, 3], [1 << 30, 4])
  func meanOfMany(world: Int, partsBytesMin: Int) async throws {
    let (count, number) = (100, 200)
    let steps = (0..<number).map { step in
      Step(values: { rank in
        var random = SplitMix64(seed: UInt64(step * 8 + rank))
        return (0..<count).map { _ in Float(random.nextUnit() - 0.25) }
      })
    }
    let sums = try await Self.run(world: world, steps, partsBytesMin: partsBytesMin)[0]
    let given = steps.flatMap { step in (0..<world).map { step.values($0) } }
    for index in 0..<count {
      let exact = given.reduce(0.0) { sum, vector in sum + Double(vector[index]) }
      let found = sums.reduce(0.0) { $0 + Double($1[index]) }
      // Of each rank's last value, below 1, and of the last sum, below 4: half a last place is what is not sent yet.
      #expect(abs(found - exact) <= Double(world) * 0x1p-9 + 0x1p-7 + 1e-4, "\(found) for \(exact)")
    }
  }

  /// A gradient of 0.001 that every value hides below a last place of bfloat16: of the own, ±1, or of the sum.
  @Test(
    "what is far below a last place arrives in full over time, and never where steps do not count",
    arguments: [(2, 1 << 30), (2, 4), (3, 1 << 30), (3, 4), (4, 4)])
  func smallGradients(world: Int, partsBytesMin: Int) async throws {
    let number = 1000
    func steps(counts: Bool) -> [Step] {
      (0..<number).map { step in
        let sign: Float = step.isMultiple(of: 2) ? 1 : -1
        return Step(
          values: { rank in [Float](repeating: rank < 2 ? sign * 1 + 0.001 : 0, count: 40) }, counts: counts)
      }
    }
    let sums = try await Self.run(world: world, steps(counts: true), partsBytesMin: partsBytesMin)
    let exact = 2 * 0.001 * Double(number)
    for sums in sums {
      let arrived = sums.reduce(0.0) { $0 + Double($1[39]) }
      #expect(abs(arrived - exact) <= 0x1p-6, "\(arrived) of \(exact)")
    }
    let forgetful = try await Self.run(world: world, steps(counts: false), partsBytesMin: partsBytesMin)
    #expect(forgetful[0].reduce(0) { $0 + $1[39] } == 0)
  }

  @Test("what is no number is none for every rank, and leaves nothing behind", arguments: 2...4, [1 << 30, 4])
  func nonFinite(world: Int, partsBytesMin: Int) async throws {
    let plain = Step(values: { seededValues(50, rank: $0, seed: 8) })
    let broken = Step(
      values: { rank in
        var values = plain.values(rank)
        if rank == 1 { (values[3], values[48]) = (.nan, -.infinity) }
        values[20] = rank == 0 ? .infinity : -.infinity
        // Finite, and beyond the largest bfloat16.
        values[30] = .greatestFiniteMagnitude
        return values
      }, counts: false)
    let sums = try await Self.run(world: world, [plain, broken, plain], partsBytesMin: partsBytesMin)
    let clean = try await Self.run(world: world, [plain, plain], partsBytesMin: partsBytesMin)
    for rank in 0..<world {
      #expect(sums[rank][1].indices.filter { !sums[rank][1][$0].isFinite } == [3, 20, 30, 48])
      #expect(sums[rank][1][48] == -.infinity && sums[rank][1][3].isNaN)
      #expect([sums[rank][0], sums[rank][2]] == clean[rank])
    }
  }

  @Test("a rank that hands over nothing ends with the sum of the others", arguments: [1 << 30, 4])
  func spareRank(partsBytesMin: Int) async throws {
    var limits = CollectiveLimits()
    limits.partsBytesMin = partsBytesMin
    let plan = SumPlan.byRank(worldSize: 3, holders: 2)
    let results = try await World(size: 3).run(limits: limits) { collective in
      var sum = (0..<100).map { collective.rank < Rank(2) ? Float($0 + collective.rank.rawValue) : .nan }
      try sum.withUnsafeMutableBufferPointer { sum in
        let own = collective.rank < Rank(2) ? sum : UnsafeMutableBufferPointer(start: nil, count: 0)
        try collective.exchange(
          DenseValues(vectors: own, sum: sum, plan: plan, compression: GradientCompression()),
          attachment: UnsafeRawBufferPointer(start: nil, count: 0), deadline: .after(.seconds(20))
        ) { _ in }
      }
      return sum
    }
    for result in results { #expect(try result.get() == (0..<100).map { Float(2 * $0 + 1) }) }
  }

  @Test("exchanges of other kinds may come between, and attachments come along")
  func otherKinds() async throws {
    let results = try await World(size: 3).run { collective in
      let (rank, compression) = (collective.rank.rawValue, GradientCompression())
      let first = try collective.exchange([Float(rank)], by: compression).sum
      let state = try collective.broadcast(from: Rank(1), [9, UInt8(rank)], deadline: .after(.seconds(20)))
      let (plain, attachments) = try collective.exchange([1.001], [UInt8(rank)])
      let values = [Float](repeating: Float(rank), count: 100_000)
      let large = try collective.exchange(values, by: GradientCompression()).sum
      return (first, state, plain, attachments, large)
    }
    for result in results {
      let (first, state, plain, attachments, large) = try result.get()
      #expect(first == [3] && state == [9, 1] && plain == [1.001 + 1.001 + 1.001])
      #expect(attachments == [[0], [1], [2]] && large == [Float](repeating: 3, count: 100_000))
    }
  }

  @Test("peers of two formats refuse each other with a sentence, small and large", arguments: [10, 100_000])
  func otherFormat(count: Int) async throws {
    let results = try await World(size: 2).run { collective in
      let values = [Float](repeating: 1, count: count)
      return try collective.exchange(values, by: collective.rank == Rank(0) ? nil : GradientCompression()).sum
    }
    // The other may see the link's end before the frame.
    let complaints = results.compactMap(\.complaint)
    #expect(complaints.count == 2)
    let violation = try #require(complaints.first { $0.code == .protocolViolation })
    #expect(violation.reason.contains("bfloat16 values") && violation.reason.contains("float32 values"))
    #expect(violation.reason.hasPrefix("the peer sends "))
  }

  @Test("the first exchange begins without errors, and they are taken over when its step counts")
  func fresh() async throws {
    let results = try await World(size: 2).run { collective in
      let compression = GradientCompression()
      #expect(compression.errors.isEmpty)
      _ = try collective.exchange([1.001, 2], by: compression)
      let before = Array(compression.errors)
      compression.keepErrors()
      return (before, Array(compression.errors))
    }
    for result in results {
      let (before, after) = try result.get()
      #expect(before == [0, 0] && after == [Float(1.001) - 1, 0])
    }
  }
}
