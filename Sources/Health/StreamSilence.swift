/// How long no record has come, beside how long none came before.
public struct StreamSilence: Sendable, Hashable {
  /// Since a checkpoint last had records, or the workers began to wait for some.
  public var seconds: Double
  /// The longest time from one checkpoint with records to the next before it, by the same workers; 0: there were no two.
  public var longestBefore: Double
  /// How far those before reach back.
  public var knownSeconds: Double

  public init(seconds: Double, longestBefore: Double, knownSeconds: Double) {
    (self.seconds, self.longestBefore, self.knownSeconds) = (seconds, longestBefore, knownSeconds)
  }
}
