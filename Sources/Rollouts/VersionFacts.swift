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
  /// Whether its own frozen weights were found as good as those of the version that was confirmed before it, or a person
  /// said so. A stable version that is not is *on watch*: the last confirmed one is held ready.
  public var isConfirmed: Bool
  /// Of live requests that it is asked for, 0 … 1. The stable version answers what the canary does not.
  public var share: Double
  /// When it came to that share.
  public var sharedSince: Date

  /// - Parameters:
  ///   - isConfirmed: nil: like every version that was stable when only confirmed ones were.
  ///   - share: nil: none, or all of a stable one.
  ///   - sharedSince: nil: since it came into its state.
  public init(
    number: Int64, state: VersionState, since: Date, checkpoint: Int64, wasStable: Bool, wasRolledBack: Bool,
    isConfirmed: Bool? = nil, share: Double? = nil, sharedSince: Date? = nil
  ) {
    self.share = share ?? (state == .stable ? 1 : 0)
    self.sharedSince = sharedSince ?? since
    self.number = number
    self.state = state
    self.since = since
    self.checkpoint = checkpoint
    self.wasStable = wasStable
    self.wasRolledBack = wasRolledBack
    self.isConfirmed = isConfirmed ?? wasStable
  }
}
