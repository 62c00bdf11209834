public import Vocabulary

/// A change that a detector noticed. Indexes are those of the values added, from zero, ignored ones included.
public struct Change: Sendable, Hashable, Codable {
  public enum Direction: String, Sendable, Hashable, Codable {
    case up
    case down
    /// The mean is as before, the distribution is not.
    case level
  }

  /// The value with which it was noticed.
  public var noticed: Int64
  /// The first value after the change, as well as the method can say; nil: it cannot.
  public var began: Int64?
  /// In the values' unit.
  @JSONSafe public var meanBefore: Double
  /// In the values' unit; of few values, for they are those that came since it began.
  @JSONSafe public var meanAfter: Double
  public var direction: Direction
  /// In the unit of the threshold, above which it is a change.
  @JSONSafe public var statistic: Double
  @JSONSafe public var threshold: Double

  public init(
    noticed: Int64, began: Int64?, meanBefore: Double, meanAfter: Double, direction: Direction? = nil,
    statistic: Double, threshold: Double
  ) {
    self.noticed = noticed
    self.began = began
    self.meanBefore = meanBefore
    self.meanAfter = meanAfter
    self.direction = direction ?? (meanAfter > meanBefore ? .up : meanAfter < meanBefore ? .down : .level)
    self.statistic = statistic
    self.threshold = threshold
  }
}
