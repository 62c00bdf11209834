import Foundation
import Vocabulary

/// The difference of two models' losses on the same records, candidate minus baseline: below zero the candidate is
/// better.
///
/// Pairs cancel what makes a record hard for both, so far fewer records are needed than for two separate means. Merging
/// is deterministic in rank order.
public struct PairedDifference: Sendable, Hashable, Codable {
  /// Of the differences, each times its record's weight.
  var moments = RunningMoments()
  /// Of the pairs; nil: each counts 1.
  private var weightSum: Double?
  /// Of the same numbers as the moments; nil: some pairs were read from bytes of an older program, which kept none.
  var softened: SoftenedSums? = SoftenedSums()
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
      softened?.add(difference * weight, to: moments.sum)
      moments.add(difference * weight)
    } else if !(candidate.isNaN && baseline.isNaN) {
      nonFinite += 1
    }
  }

  public mutating func merge(_ other: PairedDifference) {
    if weightSum != nil || other.weightSum != nil {
      weightSum = (weightSum ?? moments.weight) + (other.weightSum ?? other.moments.weight)
    }
    if let sums = other.softened, softened != nil {
      softened?.merge(sums, sum: moments.sum, otherSum: other.moments.sum)
    } else if other.count > 0 || softened == nil {
      softened = count > 0 ? nil : other.softened
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

  var meanWeight: Double { weightSum.map { $0 / moments.weight } ?? 1 }

  /// 2 and 4 have the sum of weights behind the rest, 3 and 4 the softened sums at the end.
  private static let versions: ClosedRange<UInt8> = 1...4

  /// Appends the compact form; deterministic, at most 200 bytes.
  public func encode(into bytes: inout [UInt8]) {
    var writer = CompactWriter()
    encode(into: &writer)
    bytes.append(contentsOf: writer.bytes)
  }

  func encode(into writer: inout CompactWriter) {
    writer.write(byte: (weightSum == nil ? 1 : 2) + (softened == nil ? 0 : 2))
    moments.encode(into: &writer)
    writer.write(count: nonFinite)
    if let weightSum { writer.write(weightSum) }
    softened?.encode(into: &writer)
  }

  /// Reads the compact form back; all of `bytes` must be one value.
  ///
  /// - Throws: `DamagedBytes`.
  public init(decoding bytes: UnsafeRawBufferPointer) throws {
    var reader = unsafe CompactReader(bytes)
    self = try PairedDifference(decoding: &reader)
    try reader.finish()
  }

  init(decoding reader: inout CompactReader) throws {
    let version = try reader.readByte()
    guard Self.versions.contains(version) else { throw reader.damage("has the unknown version \(version)") }
    moments = try RunningMoments(decoding: &reader)
    nonFinite = try reader.readCount()
    if version % 2 == 0 {
      let sum = try reader.readTally(isWhole: false)
      guard sum > 0 else { throw reader.damage("has pairs without weight") }
      weightSum = sum
    }
    softened = version > 2 ? try SoftenedSums(decoding: &reader) : count > 0 ? nil : SoftenedSums()
  }

  /// Reads the compact form back; all of `bytes` must be one value.
  public init(decoding bytes: [UInt8]) throws {
    self = unsafe try bytes.withUnsafeBytes { unsafe try PairedDifference(decoding: $0) }
  }
}
