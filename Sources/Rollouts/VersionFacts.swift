public import Foundation

/// What the rules need to know of one version.
public struct VersionFacts: Sendable, Hashable, Codable {
  /// Counts up from 1 in a pipeline: a higher number is a newer version.
  public let number: Int64
  public var state: VersionState
  /// When it came into the state.
  public var since: Date
  public let checkpoint: Int64
  /// Whether it was ever stable; only such a version is the target of a rollback.
  public var wasStable: Bool
  /// Whether it was ever rolled back; such a version is never the target of a rollback.
  public var wasRolledBack: Bool

  public init(
    number: Int64, state: VersionState, since: Date, checkpoint: Int64, wasStable: Bool, wasRolledBack: Bool
  ) {
    self.number = number
    self.state = state
    self.since = since
    self.checkpoint = checkpoint
    self.wasStable = wasStable
    self.wasRolledBack = wasRolledBack
  }
}
