public import Foundation
import Postgres
public import Rollouts
import Vocabulary

/// A model version as the registry knows it.
public struct VersionRecord: Sendable, Hashable, Codable {
  public let number: Int64
  public let state: VersionState
  public let checkpoint: Int64
  public let createdAt: Date
  /// When it came into its state.
  public let since: Date
  /// The part of the live traffic it is asked for, 0 … 1. The stable version answers what the canary does not.
  public let share: Double
  /// When it came to that share.
  public let sharedSince: Date
  /// Live requests that it had answered by then, of all servers together.
  public let liveBefore: Int64
  public let wasStable: Bool
  public let wasRolledBack: Bool
  /// See `VersionFacts.isConfirmed`.
  public let isConfirmed: Bool

  /// Stable, and not confirmed.
  public var isOnWatch: Bool { state == .stable && !isConfirmed }

  /// What the rules look at.
  public var facts: VersionFacts {
    VersionFacts(
      number: number, state: state, since: since, checkpoint: checkpoint, wasStable: wasStable,
      wasRolledBack: wasRolledBack, isConfirmed: isConfirmed, share: share, sharedSince: sharedSince)
  }

  init(_ row: PostgresRow) throws {
    number = try row.value("number")
    state = try versionState(row, "state")
    checkpoint = try row.value("checkpoint_id")
    createdAt = try row.value("created_at")
    since = try row.value("since")
    share = try row.value("share")
    sharedSince = try row.value("shared_since")
    liveBefore = try row.value("live_before")
    wasStable = try row.value("was_stable")
    wasRolledBack = try row.value("was_rolled_back")
    isConfirmed = try row.value("confirmed")
  }
}

/// The state that a column names.
func versionState(_ row: PostgresRow, _ column: String) throws -> VersionState {
  let name: String = try row.value(column)
  guard let state = VersionState(rawValue: name) else {
    throw RegistryError(.damaged, "a version is in the unknown state \(name)")
  }
  return state
}

extension Registry {
  /// Makes a checkpoint a candidate. The same checkpoint again gives the same number.
  ///
  /// - Returns: The version's number: one more than the newest.
  @discardableResult
  public func addCandidate(pipeline: Int64, checkpoint: Int64) async throws -> Int64 {
    try await transaction { session in
      _ = try session.lockPipeline(pipeline)
      let known = try session.query(
        "SELECT number FROM versions WHERE pipeline_id = $1 AND checkpoint_id = $2", [.int(pipeline), .int(checkpoint)])
      if let row = known.first { return try row.value("number") }
      let number: Int64 = try session.query(
        """
        INSERT INTO versions (pipeline_id, number, checkpoint_id)
        SELECT $1, coalesce(max(number), 0) + 1, $2 FROM versions WHERE pipeline_id = $1 RETURNING number
        """, [.int(pipeline), .int(checkpoint)])[0].value("number")
      try session.announce(.version, pipeline: pipeline, number: number)
      return number
    }
  }

  /// The versions that something may happen to by itself: undecided, serving, the newest few that a rollback may return to, and the
  /// oldest that served on watch since the newest of these was confirmed; and the one that was rolled back last. The newest first. However many there have been, these are few.
  public func versionsInPlay(pipeline: Int64) async throws -> [VersionRecord] {
    try await perform { session in
      try session.query(
        """
        SELECT * FROM versions
        WHERE pipeline_id = $1 AND state IN ('candidate', 'validated', 'canary', 'stable')
        UNION (
          SELECT * FROM versions WHERE pipeline_id = $1 AND \(Self.returnable)
          ORDER BY since DESC, number DESC LIMIT $2)
        UNION (
          SELECT * FROM versions WHERE pipeline_id = $1 AND \(Self.returnable) AND \(Self.olderThanStable)
          ORDER BY since DESC, number DESC LIMIT 2)
        UNION ALL (SELECT * FROM versions WHERE \(Self.confirmedNext))
        UNION ALL (
          SELECT * FROM versions WHERE pipeline_id = $1 AND state = 'rolled_back' ORDER BY since DESC LIMIT 1)
        ORDER BY number DESC
        """, [.int(pipeline), .integer(Self.targetsMax)]
      ).map(VersionRecord.init)
    }
  }

  /// What was confirmed, made room, and may come back.
  static let returnable = "state = 'retired' AND was_stable AND confirmed AND NOT was_rolled_back"
  /// As `Rollout.rollbackTarget` has it; where nothing is stable all are.
  static let olderThanStable = """
    number < coalesce((SELECT number FROM versions WHERE pipeline_id = $1 AND state = 'stable'), 9223372036854775807)
    """
  /// As `Rollout.confirming` has it, of those that made room.
  static let confirmedNext = """
    pipeline_id = $1 AND state = 'retired' AND was_stable AND NOT confirmed AND NOT was_rolled_back
      AND since >= coalesce((
        SELECT since FROM versions WHERE pipeline_id = $1 AND \(returnable) ORDER BY since DESC LIMIT 1), '-infinity')
    ORDER BY since LIMIT 1
    """

  /// More than one of them can be found to be broken.
  private static let targetsMax = 8

  /// The newest, whatever became of it.
  public func newestVersion(pipeline: Int64) async throws -> VersionRecord? {
    try await perform { session in
      try session.query(
        "SELECT * FROM versions WHERE pipeline_id = $1 ORDER BY number DESC LIMIT 1", [.int(pipeline)]
      ).first.map(VersionRecord.init)
    }
  }

  /// One of them; nil: there is none of the number.
  public func version(_ number: Int64, pipeline: Int64) async throws -> VersionRecord? {
    try await perform { session in
      try session.query(
        "SELECT * FROM versions WHERE pipeline_id = $1 AND number = $2", [.int(pipeline), .int(number)]
      ).first.map(VersionRecord.init)
    }
  }

  /// By state.
  public func versionCounts(pipeline: Int64) async throws -> [VersionState: Int] {
    try await perform { session in
      let rows = try session.query(
        "SELECT state, count(*) AS versions FROM versions WHERE pipeline_id = $1 GROUP BY state", [.int(pipeline)])
      return try Dictionary(
        uniqueKeysWithValues: rows.map { (try versionState($0, "state"), try $0.value("versions") as Int) })
    }
  }

  /// Versions, the newest first.
  ///
  /// - Parameter limit: nil: all of them, however many.
  public func versions(pipeline: Int64, limit: Int? = nil) async throws -> [VersionRecord] {
    try await perform { session in
      try session.query(
        "SELECT * FROM versions WHERE pipeline_id = $1 ORDER BY number DESC LIMIT $2",
        [.int(pipeline), limit.map { .integer($0) } ?? .null]
      ).map(VersionRecord.init)
    }
  }
}
