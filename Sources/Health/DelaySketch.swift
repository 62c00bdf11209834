import Foundation
import Vocabulary

/// How long after their events the labels of records became known: counts by bucket of `LabelDelay`.
public struct DelaySketch: Sendable, Hashable, Codable {
  /// By bucket.
  public private(set) var counts: [Int64]

  public init() { counts = Array(repeating: 0, count: LabelDelay.buckets) }

  public init(from decoder: any Decoder) throws {
    counts = try decoder.singleValueContainer().decode([Int64].self)
    guard counts.count == LabelDelay.buckets, counts.allSatisfy({ (0...1 << 52).contains($0) }) else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "not \(LabelDelay.buckets) counts"))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(counts)
  }

  public mutating func add(_ records: Int64, bucket: Int) { counts[bucket] += records }

  public var records: Int64 { counts.reduce(0, +) }

  /// In seconds, as if delays lay evenly in their bucket's logarithm; nil of none.
  public var median: Double? {
    let half = Double(records) / 2
    guard half > 0 else { return nil }
    var below = 0.0
    for (bucket, count) in counts.enumerated() where count > 0 {
      if below + Double(count) >= half { return exp2(Double(bucket) - 1 + (half - below) / Double(count)) }
      below += Double(count)
    }
    return nil
  }
}
