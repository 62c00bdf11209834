public import Vocabulary

/// By which mean and deviation a number is standardised, as a state has them.
public struct NumberScale: Sendable, Hashable, Codable {
  public var feature: String
  /// Values that they are of, each by its record's weight.
  @JSONSafe public var count: Double
  @JSONSafe public var mean: Double
  @JSONSafe public var deviation: Double

  public init(feature: String, count: Double, mean: Double, deviation: Double) {
    self.feature = feature
    self.count = count
    self.mean = mean
    self.deviation = deviation
  }
}
