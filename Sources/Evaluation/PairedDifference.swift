import Foundation
import Vocabulary

/// The difference of two models' losses on the same records, candidate minus baseline: below zero the candidate is
/// better.
///
/// Pairs cancel what makes a record hard for both, so far fewer records are needed than for two separate means. Merging
/// is deterministic in rank order.
public struct PairedDifference: Sendable, Hashable, Codable {
  /// Of the differences, each times its record's weight.
  private var moments = RunningMoments()
  /// Of the pairs; nil: each counts 1.
  private var weightSum: Double?
  /// Pairs of which one loss, not both, was NaN or infinite; they are in nothing else.
  public private(set) var nonFinite: Int64 = 0

  public init() {}

  /// Adds one record's pair. Both NaN: the record has no label, and is skipped, as is one of weight 0.
  ///
  /// - Parameter weight: A heavy pair is one pair: what it weighs makes the mean, not the evidence.
  public mutating func add(candidate: Double, baseline: Double, weight: Double = 1) {
    guard weight > 0 else { return }
    let difference = candidate - baseline
    if difference.isFinite {
      if weight != 1 || weightSum != nil { weightSum = (weightSum ?? moments.weight) + weight }
      moments.add(difference * weight)
    } else if !(candidate.isNaN && baseline.isNaN) {
      nonFinite += 1
    }
  }

  public mutating func merge(_ other: PairedDifference) {
    if weightSum != nil || other.weightSum != nil {
      weightSum = (weightSum ?? moments.weight) + (other.weightSum ?? other.moments.weight)
    }
    moments.merge(other.moments)
    nonFinite += other.nonFinite
  }

  /// Pairs with two finite losses.
  public var count: Int64 { Int64(moments.weight) }

  /// Mean difference a record, by weight; 0 without a pair.
  public var mean: Double { moments.mean / meanWeight }

  /// Population variance of the difference, times its weight over the mean weight; 0 without a pair.
  public var variance: Double { (moments.variance ?? 0) / (meanWeight * meanWeight) }

  private var meanWeight: Double { weightSum.map { $0 / moments.weight } ?? 1 }

  /// 2 has the sum of weights behind it.
  private static let versions: ClosedRange<UInt8> = 1...2

  /// Appends the compact form; deterministic, at most 48 bytes.
  public func encode(into bytes: inout [UInt8]) {
    var writer = CompactWriter()
    writer.write(byte: weightSum == nil ? 1 : 2)
    moments.encode(into: &writer)
    writer.write(count: nonFinite)
    if let weightSum { writer.write(weightSum) }
    bytes.append(contentsOf: writer.bytes)
  }

  /// Reads the compact form back; all of `bytes` must be one value.
  ///
  /// - Throws: `DamagedBytes`.
  public init(decoding bytes: UnsafeRawBufferPointer) throws {
    var reader = unsafe CompactReader(bytes)
    let version = try reader.readByte()
    guard Self.versions.contains(version) else { throw reader.damage("has the unknown version \(version)") }
    moments = try RunningMoments(decoding: &reader)
    nonFinite = try reader.readCount()
    if version == 2 {
      let sum = try reader.readTally(isWhole: false)
      guard sum > 0 else { throw reader.damage("has pairs without weight") }
      weightSum = sum
    }
    try reader.finish()
  }

  /// Reads the compact form back; all of `bytes` must be one value.
  public init(decoding bytes: [UInt8]) throws {
    self = unsafe try bytes.withUnsafeBytes { unsafe try PairedDifference(decoding: $0) }
  }
}
