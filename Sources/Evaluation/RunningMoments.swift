import Vocabulary

/// Weight, mean and squared deviations of a stream of numbers, without the cancellation of sums of squares.
///
/// - Source: Welford 1962 (one at a time); West 1979 (with weights); Chan, Golub & LeVeque 1979 (merging).
struct RunningMoments: Sendable, Hashable, Codable {
  /// Sum of the numbers' weights: how many they are, where each counts 1.
  private(set) var weight: Double = 0
  @JSONSafe private(set) var mean: Double = 0
  /// Sum of squared deviations from the mean, each times its number's weight.
  @JSONSafe private(set) var squaredDeviations: Double = 0

  private enum CodingKeys: String, CodingKey {
    case weight = "count"
    case mean, squaredDeviations
  }

  init() {}

  /// - Parameter weight: Above 0.
  mutating func add(_ value: Double, weight added: Double = 1) {
    weight += added
    let delta = value - mean
    mean += delta * added / weight
    squaredDeviations += added * delta * (value - mean)
  }

  mutating func merge(_ other: RunningMoments) {
    guard other.weight > 0 else { return }
    guard weight > 0 else {
      self = other
      return
    }
    let total = weight + other.weight
    let delta = other.mean - mean
    squaredDeviations += other.squaredDeviations + delta * delta * weight * other.weight / total
    mean += delta * other.weight / total
    weight = total
  }

  /// Population variance; nil without a value.
  var variance: Double? { weight > 0 ? squaredDeviations / weight : nil }

  /// Of the numbers, each times its weight.
  var sum: Double { mean * weight }

  /// Of the squares, each times its weight.
  var squares: Double { squaredDeviations + mean * mean * weight }

  func encode(into writer: inout CompactWriter, areWhole: Bool = true) {
    writer.write(tally: weight, isWhole: areWhole)
    writer.write(mean)
    writer.write(squaredDeviations)
  }

  init(decoding reader: inout CompactReader, areWhole: Bool = true) throws {
    weight = try reader.readTally(isWhole: areWhole)
    mean = try reader.readDouble()
    squaredDeviations = try reader.readDouble()
  }
}
