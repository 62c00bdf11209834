import Collectives
import Vocabulary

extension Workload {
  /// Exchanges among ranks that are threads of this process, over loopback: microseconds an exchange, seen by rank 0.
  static let allReduce = Workload(
    name: "allreduce", summary: "sum gradients over TCP on loopback: microseconds a sum, at four sizes",
    flags: [
      BenchFlag("world", "n", "2", "Ranks."), BenchFlag("samples", "n", "200", "Sums to measure."),
      BenchFlag(
        "ring-bytes-min", "bytes", "\(CollectiveLimits().ringBytesMin)",
        "From which size on a ring is used, not a tree."),
    ]
  ) { options in
    let world = try options.int("world")
    let samples = try options.int("samples")
    let ringBytesMin = try options.int("ring-bytes-min")
    for bytes in [64 << 10, 199 << 10, 1 << 20, 16 << 20] {
      let bench = try AllReduceBench(
        world: world, bytes: bytes, samples: bytes > 4 << 20 ? max(5, samples / 5) : samples, ringBytesMin: ringBytesMin
      )
      let times = try bench.run()
      try BenchReport(
        workload: "allreduce", params: ["world": "\(world)", "bytes": "\(bytes)"], samples: times, unit: "us"
      ).emit()
    }
  }
}

/// One size of vector, exchanged again and again.
private struct AllReduceBench: Sendable {
  let bytes: Int
  let samples: Int
  let ranks: LoopbackRanks

  init(world: Int, bytes: Int, samples: Int, ringBytesMin: Int) throws {
    self.bytes = bytes
    self.samples = samples
    var limits = CollectiveLimits()
    limits.ringBytesMin = ringBytesMin
    ranks = try LoopbackRanks(world, limits: limits)
  }

  /// - Returns: Microseconds of each exchange on rank 0.
  func run() throws -> [Double] { try ranks.run { try runRank($0) }[0] }

  private func runRank(_ collective: TCPCollective) throws -> [Double] {
    let vector = UnsafeMutableBufferPointer<Float>.allocate(capacity: bytes / 4)
    defer { vector.deallocate() }
    try prove(collective, vector)
    var times: [Double] = []
    let clock = ContinuousClock()
    // The first tenth warms up.
    for round in 0..<(samples + samples / 10) {
      let duration = try clock.measure { try exchange(collective, vector) }
      if round >= samples / 10 { times.append(duration.seconds * 1e6) }
    }
    return times
  }

  /// Small whole numbers sum exactly in any order, so the result must be equal, not near.
  private func prove(_ collective: TCPCollective, _ vector: UnsafeMutableBufferPointer<Float>) throws {
    for index in vector.indices { vector[index] = Float((index + collective.rank.rawValue) % 1000) }
    try exchange(collective, vector)
    for index in vector.indices {
      let expected = (0..<collective.worldSize).reduce(0) { $0 + (index + $1) % 1000 }
      guard vector[index] == Float(expected) else {
        throw BenchError("value \(index) is \(vector[index]) on rank \(collective.rank), not \(expected)")
      }
    }
    vector.update(repeating: 0)
  }

  private func exchange(_ collective: TCPCollective, _ vector: UnsafeMutableBufferPointer<Float>) throws {
    try collective.exchange(
      dense: vector, attachment: UnsafeRawBufferPointer(start: nil, count: 0), deadline: .after(.seconds(30))
    ) { _ in }
  }
}
