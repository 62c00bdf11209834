public import Foundation
import Postgres
import Rollouts
import Vocabulary

/// A version that servers hold ready.
public struct ServingVersion: Sendable, Hashable {
  public let number: Int64
  public let checkpoint: Int64
  /// When it came into its state.
  public let since: Date

  public init(number: Int64, checkpoint: Int64, since: Date) {
    self.number = number
    self.checkpoint = checkpoint
    self.since = since
  }

  init(_ row: PostgresRow) throws {
    number = try row.value("number")
    checkpoint = try row.value("checkpoint_id")
    since = try row.value("since")
  }
}

/// The versions that servers answer with, or may have to in a moment.
public struct ServingVersions: Sendable, Hashable {
  public var stable: ServingVersion?
  public var canary: ServingVersion?
  /// The part of the requests that is the canary's, 0 … 1.
  public var canaryShare: Double
  /// The one that a rollback leads to, confirmed last of those that served; then those that served last, also on watch. None was
  /// ever rolled back.
  public var warm: [ServingVersion]

  public init(
    stable: ServingVersion? = nil, canary: ServingVersion? = nil, canaryShare: Double = 0, warm: [ServingVersion] = []
  ) {
    self.stable = stable
    self.canary = canary
    self.canaryShare = canaryShare
    self.warm = warm
  }

  /// In the order in which they are needed.
  public var all: [ServingVersion] { [stable, canary].compactMap { $0 } + warm }
}

extension Registry {
  /// The versions that servers hold ready, as one moment has them.
  ///
  /// - Parameter warmMax: Of those that were stable.
  /// - Complexity: Reads the rows that it gives, by indices made for it, however many versions there are.
  public func servingVersions(pipeline: Int64, warmMax: Int) async throws -> ServingVersions {
    try await perform { session in
      let rows = try session.query(
        """
        (SELECT state, number, checkpoint_id, since, share FROM versions WHERE pipeline_id = $1 AND state = 'stable')
        UNION ALL
        (SELECT state, number, checkpoint_id, since, share FROM versions WHERE pipeline_id = $1 AND state = 'canary')
        UNION ALL
        (SELECT state, number, checkpoint_id, since, share FROM versions
         WHERE pipeline_id = $1 AND state = 'retired' AND was_stable AND NOT was_rolled_back
         ORDER BY since DESC, number DESC LIMIT $2)
        UNION ALL
        (SELECT 'target', number, checkpoint_id, since, share FROM versions
         WHERE pipeline_id = $1 AND \(Self.returnable) AND \(Self.olderThanStable)
         ORDER BY since DESC, number DESC LIMIT 1)
        """, [.int(pipeline), .integer(max(0, warmMax))])
      var versions = ServingVersions()
      var target: ServingVersion?
      for index in 0..<rows.count {
        let row = rows[index]
        let version = try ServingVersion(row)
        if try row.value("state") == "target" {
          target = version
          continue
        }
        switch try versionState(row, "state") {
        case .stable: versions.stable = version
        case .canary:
          versions.canary = version
          versions.canaryShare = try row.value("share")
        default: versions.warm.append(version)
        }
      }
      versions.warm.sort { ($0.since, $0.number) > ($1.since, $1.number) }
      if let target {
        versions.warm = Array(([target] + versions.warm.filter { $0.number != target.number }).prefix(max(0, warmMax)))
      }
      return versions
    }
  }
}
