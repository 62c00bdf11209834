/// Into which of equal bands of probability a version's answers fell, and another's on the same records.
public struct AnswersBeside: Sendable, Hashable {
  /// Records by band, in the order of the probability; as many bands of both.
  public let own: [Int64]
  public let other: [Int64]
  /// The other version.
  public let version: Int64

  public init(own: [Int64], other: [Int64], version: Int64) {
    (self.own, self.other, self.version) = (own, other, version)
  }

  var records: Int64 { min(own.reduce(0, +), other.reduce(0, +)) }

  var stabilityIndex: Double { populationStabilityIndex(own, other) }

  /// The middle of a band stands for its records.
  private static func mean(_ bands: [Int64]) -> Double {
    let sum = bands.enumerated().reduce(0.0) { $0 + (Double($1.offset) + 0.5) * Double($1.element) }
    return sum / Double(max(1, bands.reduce(0, +)) * Int64(bands.count))
  }

  var sentence: String {
    "the answers are about \(short(Self.mean(own))) on average, those of version \(version) to the same records "
      + "\(short(Self.mean(other))) (stability index \(short(stabilityIndex)))"
  }
}
