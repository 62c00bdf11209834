import Collectives
import Vocabulary

extension Workload {
  /// Exchanges among ranks that are threads of this process, over loopback: microseconds an exchange, seen by rank 0.
  static let allReduce = Workload(
    name: "allreduce", summary: "sum gradients over TCP on loopback, beside a plain copy: microseconds each",
    flags: [
      BenchFlag("world", "n,…", "2", "Ranks, at least two; one after the other."),
      BenchFlag(
        "bytes", "n,…", "1024,16384,65536,203776,1048576,16777216,67108864", "Bytes that a rank sums, a multiple of 4."),
      BenchFlag("samples", "n", "200", "Sums to measure; fewer of more than 4 MiB."),
      BenchFlag(
        "parts-bytes-min", "bytes", "\(CollectiveLimits().partsBytesMin)",
        "From which size on each rank adds up a part, and not all of it."),
      BenchFlag(
        "gradients", "format", "float32", "bfloat16: half the bytes too, in turn with float32."),
      BenchFlag("encryption", "none|tls", "none", "Whether TLS ciphers the links."),
    ]
  ) { options in
    let samples = try options.int("samples")
    let partsBytesMin = try options.int("parts-bytes-min")
    let format = options.string("gradients")
    guard ["float32", "bfloat16"].contains(format) else {
      throw BenchError("--gradients is float32 or bfloat16, not '\(format)'")
    }
    guard let encryption = LinkEncryption(rawValue: options.string("encryption")) else {
      throw BenchError("--encryption is none or tls, not '\(options.string("encryption"))'")
    }
    for world in try options.ints("world") {
      guard world > 1 else { throw BenchError("--world \(world): one rank has nobody to sum with") }
      for bytes in try options.ints("bytes") {
        guard bytes.isMultiple(of: 4) else { throw BenchError("--bytes \(bytes) is no multiple of 4") }
        let bench = try AllReduceBench(
          world: world, bytes: bytes, samples: bytes > 4 << 20 ? max(5, samples / 5) : samples,
          partsBytesMin: partsBytesMin, encryption: encryption, rounds: format == "bfloat16")
        let times = try bench.run()
        var params = ["world": "\(world)", "bytes": "\(bytes)"]
        if encryption != .none { params["encryption"] = encryption.rawValue }
        try BenchReport(workload: "allreduce", params: params, samples: times.sums, unit: "us").emit()
        if !times.roundedSums.isEmpty {
          let rounded = params.merging(["gradients": "bfloat16"]) { $1 }
          try BenchReport(workload: "allreduce", params: rounded, samples: times.roundedSums, unit: "us").emit()
        }
        let copy = params.merging(["floor": "copy"]) { $1 }
        try BenchReport(workload: "allreduce", params: copy, samples: times.copies, unit: "us").emit()
      }
    }
  }
}

/// One size of vector, exchanged again and again; after each exchange, ranks 0 and 1 copy as many bytes to each other by
/// plain calls. So both see the same machine.
private struct AllReduceBench: Sendable {
  /// Microseconds on rank 0.
  struct Times {
    var sums: [Double] = []
    var roundedSums: [Double] = []
    var copies: [Double] = []
  }

  let bytes: Int
  let samples: Int
  let rounds: Bool
  let ranks: LoopbackRanks
  let copy: LoopbackCopy

  init(
    world: Int, bytes: Int, samples: Int, partsBytesMin: Int, encryption: LinkEncryption, rounds: Bool
  ) throws {
    self.bytes = bytes
    self.samples = samples
    self.rounds = rounds
    var limits = CollectiveLimits()
    limits.partsBytesMin = partsBytesMin
    ranks = try LoopbackRanks(world, limits: limits, encryption: encryption)
    copy = try LoopbackCopy()
  }

  func run() throws -> Times { try ranks.run { try runRank($0) }[0] }

  private func runRank(_ collective: TCPCollective) throws -> Times {
    let vector = UnsafeMutableBufferPointer<Float>.allocate(capacity: bytes / 4)
    let copied = UnsafeMutableBufferPointer<Float>.allocate(capacity: bytes / 4)
    copied.initialize(repeating: -1)
    defer {
      vector.deallocate()
      copied.deallocate()
    }
    try prove(collective, vector, copied)
    let compression = GradientCompression()
    if rounds { try proveRounded(collective, vector) }
    var times = Times()
    let clock = ContinuousClock()
    // The first tenth warms up.
    for round in 0..<(samples + samples / 10) {
      let sum = try clock.measure { try exchange(collective, vector) }
      let rounded = rounds ? try clock.measure { try exchange(collective, vector, by: compression) } : .zero
      let copy = try clock.measure { try copyToOther(collective.rank, vector, copied) }
      guard round >= samples / 10 else { continue }
      times.sums.append(sum.seconds * 1e6)
      if rounds { times.roundedSums.append(rounded.seconds * 1e6) }
      times.copies.append(copy.seconds * 1e6)
    }
    return times
  }

  /// Small whole numbers sum exactly in any order, so the result must be equal, not near.
  private func prove(
    _ collective: TCPCollective, _ vector: UnsafeMutableBufferPointer<Float>,
    _ copied: UnsafeMutableBufferPointer<Float>
  ) throws {
    func own(_ index: Int, _ rank: Int) -> Int { (index + rank) % 1000 }
    for index in vector.indices { vector[index] = Float(own(index, collective.rank.rawValue)) }
    try copyToOther(collective.rank, vector, copied)
    if collective.rank.rawValue < 2 {
      for index in copied.indices where copied[index] != Float(own(index, 1 - collective.rank.rawValue)) {
        throw BenchError("value \(index) was copied as \(copied[index]) to rank \(collective.rank)")
      }
    }
    try exchange(collective, vector)
    for index in vector.indices {
      let expected = (0..<collective.worldSize).reduce(0) { $0 + own(index, $1) }
      guard vector[index] == Float(expected) else {
        throw BenchError("value \(index) is \(vector[index]) on rank \(collective.rank), not \(expected)")
      }
    }
    vector.update(repeating: 0)
  }

  /// Whole numbers and their sums below 256 are bfloat16, so nothing is rounded.
  private func proveRounded(
    _ collective: TCPCollective, _ vector: UnsafeMutableBufferPointer<Float>
  ) throws {
    let bound = max(2, 256 / collective.worldSize)
    for index in vector.indices { vector[index] = Float((index + collective.rank.rawValue) % bound) }
    try exchange(collective, vector, by: GradientCompression())
    for index in vector.indices {
      let expected = (0..<collective.worldSize).reduce(0) { $0 + (index + $1) % bound }
      guard vector[index] == Float(expected) else {
        throw BenchError("value \(index) is \(vector[index]) on rank \(collective.rank), not \(expected), as bfloat16")
      }
    }
    vector.update(repeating: 0)
  }

  private func exchange(
    _ collective: TCPCollective, _ vector: UnsafeMutableBufferPointer<Float>, by compression: GradientCompression? = nil
  ) throws {
    let plan = SumPlan.byRank(worldSize: collective.worldSize, holders: collective.worldSize)
    try collective.exchange(
      DenseValues(vectors: vector, sum: vector, plan: plan, compression: compression),
      attachment: UnsafeRawBufferPointer(start: nil, count: 0), deadline: .after(.seconds(30))
    ) { _ in }
    compression?.keepErrors()
  }

  private func copyToOther(
    _ rank: Rank, _ vector: UnsafeMutableBufferPointer<Float>, _ copied: UnsafeMutableBufferPointer<Float>
  ) throws {
    guard rank.rawValue < 2 else { return }
    try copy.exchange(
      atEnd: rank.rawValue, UnsafeRawBufferPointer(vector), into: UnsafeMutableRawBufferPointer(copied))
  }
}
