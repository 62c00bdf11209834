import Collectives
import Confinement
import Cryptography
import Vocabulary

/// Ranks that are threads of this process and agree over loopback.
struct LoopbackRanks: Sendable {
  private let listeners: [CollectiveListener]
  private let secret = randomBytes(32)
  private let limits: CollectiveLimits
  private let encryption: LinkEncryption

  init(
    _ count: Int, limits: CollectiveLimits = CollectiveLimits(), encryption: LinkEncryption = .none
  ) throws {
    listeners = try (0..<count).map { _ in try CollectiveListener() }
    self.limits = limits
    self.encryption = encryption
  }

  /// Runs `body` once a rank, each on a thread of its own; blocks until all are done.
  ///
  /// - Returns: What each gave, by rank.
  func run<Result: Sendable>(_ body: @escaping @Sendable (TCPCollective) throws -> Result) throws -> [Result] {
    try blockingAwait(until: .after(.seconds(600))) {
      try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        for rank in listeners.indices {
          group.addTask {
            (rank, try await onDedicatedThread(named: "rank \(rank)") { try runRank(rank, body) })
          }
        }
        var results: [Int: Result] = [:]
        for try await (rank, result) in group { results[rank] = result }
        return listeners.indices.compactMap { results[$0] }
      }
    }
  }

  private func runRank<Result>(_ rank: Int, _ body: (TCPCollective) throws -> Result) throws -> Result {
    let collective = try listeners[rank].form(
      generation: Generation(1), rank: Rank(rank), members: listeners.map(\.address), secret: secret,
      deadline: .after(.seconds(30)), limits: limits, encryption: encryption)
    defer { collective.close() }
    return try body(collective)
  }
}
