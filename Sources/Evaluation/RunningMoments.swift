import Vocabulary

/// Count, mean and squared deviations of a stream of numbers, without the cancellation of sums of squares.
///
/// - Source: Welford 1962 (one at a time); Chan, Golub & LeVeque 1979 (merging).
struct RunningMoments: Sendable, Hashable, Codable {
  private(set) var count: Int64 = 0
  @JSONSafe private(set) var mean: Double = 0
  /// Sum of squared deviations from the mean.
  @JSONSafe private(set) var squaredDeviations: Double = 0

  init() {}

  mutating func add(_ value: Double) {
    count += 1
    let delta = value - mean
    mean += delta / Double(count)
    squaredDeviations += delta * (value - mean)
  }

  mutating func merge(_ other: RunningMoments) {
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let total = Double(count + other.count)
    let delta = other.mean - mean
    squaredDeviations += other.squaredDeviations + delta * delta * Double(count) * Double(other.count) / total
    mean += delta * Double(other.count) / total
    count += other.count
  }

  /// Population variance; nil without a value.
  var variance: Double? { count > 0 ? squaredDeviations / Double(count) : nil }

  func encode(into writer: inout CompactWriter) {
    writer.write(count: count)
    writer.write(mean)
    writer.write(squaredDeviations)
  }

  init(decoding reader: inout CompactReader) throws {
    count = try reader.readCount()
    mean = try reader.readDouble()
    squaredDeviations = try reader.readDouble()
  }
}
