public import Foundation

/// What is known of the newest checkpoint when somebody asks whether it should become a candidate.
public struct CheckpointFacts: Sendable, Hashable {
  public var id: Int64
  public var createdAt: Date
  /// The run ended with it: there will be no better one soon.
  public var isFinal: Bool
  /// Labelled records that back it: compared with the stable version, or seen at all where there is none.
  public var testedRecords: Int64

  public init(id: Int64, createdAt: Date, isFinal: Bool, testedRecords: Int64) {
    self.id = id
    self.createdAt = createdAt
    self.isFinal = isFinal
    self.testedRecords = testedRecords
  }
}

extension Rollout {
  /// Whether `checkpoint` should be given a version number now.
  ///
  /// - Parameters:
  ///   - newestVersion: The checkpoint and the registration time of the newest version; nil: there is none.
  ///   - isBusy: Another candidate is being compared: it keeps its place until it is decided, or those that come more often than one
  ///     can be decided would displace each other for ever.
  ///   - every: The least time between two candidates; a final checkpoint does not wait for it.
  public static func shouldPropose(
    _ checkpoint: CheckpointFacts, newestVersion: (checkpoint: Int64, since: Date)?, recordsMin: Int64,
    isBusy: Bool = false, every: Duration, now: Date
  ) -> Bool {
    if let newestVersion, newestVersion.checkpoint >= checkpoint.id { return false }
    guard checkpoint.testedRecords >= recordsMin else { return false }
    guard let newestVersion, !checkpoint.isFinal else { return true }
    if isBusy { return false }
    let (seconds, attoseconds) = every.components
    return now.timeIntervalSince(newestVersion.since) >= Double(seconds) + Double(attoseconds) * 1e-18
  }
}
