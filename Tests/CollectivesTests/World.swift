import Collectives
import Cryptography
import Foundation
import Vocabulary

/// Ranks as threads of this process, with real sockets on loopback between them.
struct World: Sendable {
  let generation: Generation
  let listeners: [CollectiveListener]
  let secret = randomBytes(32)
  let encryption: LinkEncryption

  var members: [String] { listeners.map(\.address) }

  init(size: Int, generation: Generation = Generation(7), encryption: LinkEncryption = .none) throws {
    self.generation = generation
    self.encryption = encryption
    listeners = try (0..<size).map { _ in try CollectiveListener() }
  }

  /// - Parameter relay: The port at which this rank finds rank 0.
  func form(
    _ rank: Int, secret: [UInt8]? = nil, generation: Generation? = nil, deadline: Deadline = .after(.seconds(20)),
    limits: CollectiveLimits = CollectiveLimits(), encryption: LinkEncryption? = nil, through relay: UInt16? = nil
  ) throws -> TCPCollective {
    var members = self.members
    if let relay { members[0] = "127.0.0.1:\(relay)" }
    return try listeners[rank].form(
      generation: generation ?? self.generation, rank: Rank(rank), members: members, secret: secret ?? self.secret,
      deadline: deadline, limits: limits, encryption: encryption ?? self.encryption)
  }

  /// Forms the generation on one thread a rank and runs `body` there.
  func run<T: Sendable>(
    limits: CollectiveLimits = CollectiveLimits(), _ body: @escaping @Sendable (TCPCollective) throws -> T
  ) async -> [Result<T, any Error>] {
    await onThreads(listeners.count) { rank in
      let collective = try form(rank, limits: limits)
      defer { collective.close() }
      return try body(collective)
    }
  }
}

/// Runs `body` on `count` threads at once and collects what became of each.
func onThreads<T: Sendable>(
  _ count: Int, _ body: @escaping @Sendable (Int) throws -> T
) async -> [Result<T, any Error>] {
  await withTaskGroup(of: (Int, Result<T, any Error>).self) { group in
    for place in 0..<count {
      group.addTask {
        await withCheckedContinuation { continuation in
          let thread = Thread { continuation.resume(returning: (place, Result { try body(place) })) }
          thread.name = "rank \(place)"
          thread.start()
        }
      }
    }
    var results = [Result<T, any Error>?](repeating: nil, count: count)
    for await (place, result) in group { results[place] = result }
    return results.compactMap { $0 }
  }
}

extension Collective {
  /// One exchange with arrays: the sum and all attachments.
  ///
  /// - Parameter compression: Values go as bfloat16.
  func exchange(
    _ values: [Float], _ attachment: [UInt8] = [], within time: Duration = .seconds(20),
    by compression: GradientCompression? = nil
  ) throws -> (sum: [Float], attachments: [[UInt8]]) {
    var values = values
    let plan = SumPlan.byRank(worldSize: worldSize, holders: worldSize)
    let attachments = try values.withUnsafeMutableBufferPointer { dense in
      try attachment.withUnsafeBytes { bytes in
        let dense = DenseValues(vectors: dense, sum: dense, plan: plan, compression: compression)
        return try exchange(dense, attachment: bytes, deadline: .after(time)) { $0.map { [UInt8]($0) } }
      }
    }
    return (values, attachments)
  }
}

extension Result {
  /// The collective's complaint, where there is one.
  var complaint: CollectiveError? {
    if case .failure(let error) = self { error as? CollectiveError } else { nil }
  }
}

/// The values of one rank: of all magnitudes, so that another order of summing gives other bits.
func seededValues(_ count: Int, rank: Int, seed: UInt64) -> [Float] {
  var random = SplitMix64(seed: seed &+ UInt64(rank) &* 7919)
  return (0..<count).map { _ in
    let unit = random.nextUnit() - 0.5
    return Float(unit * [1e-6, 1, 1e6][Int(random.next() % 3)])
  }
}
