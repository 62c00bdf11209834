import Foundation
import Vocabulary

/// The difference of two models' losses on the same records, candidate minus baseline: below zero the candidate is
/// better.
///
/// Pairs cancel what makes a record hard for both, so far fewer records are needed than for two separate means. Merging
/// is deterministic in rank order.
public struct PairedDifference: Sendable, Hashable, Codable {
  private var moments = RunningMoments()
  /// Pairs of which one loss, not both, was NaN or infinite; they are in nothing else.
  public private(set) var nonFinite: Int64 = 0

  public init() {}

  /// Adds one record's pair. Both NaN: the record has no label, and is skipped.
  public mutating func add(candidate: Double, baseline: Double) {
    let difference = candidate - baseline
    if difference.isFinite {
      moments.add(difference)
    } else if !(candidate.isNaN && baseline.isNaN) {
      nonFinite += 1
    }
  }

  public mutating func merge(_ other: PairedDifference) {
    moments.merge(other.moments)
    nonFinite += other.nonFinite
  }

  /// Pairs with two finite losses.
  public var count: Int64 { moments.count }

  /// Mean difference a record; 0 without a pair.
  public var mean: Double { moments.mean }

  /// Population variance of the difference; 0 without a pair.
  public var variance: Double { moments.variance ?? 0 }

  private static let version: UInt8 = 1

  /// Appends the compact form; deterministic, at most 40 bytes.
  public func encode(into bytes: inout [UInt8]) {
    var writer = CompactWriter()
    writer.write(byte: Self.version)
    moments.encode(into: &writer)
    writer.write(count: nonFinite)
    bytes.append(contentsOf: writer.bytes)
  }

  /// Reads the compact form back; all of `bytes` must be one value.
  ///
  /// - Throws: `DamagedBytes`.
  public init(decoding bytes: UnsafeRawBufferPointer) throws {
    var reader = CompactReader(bytes)
    let version = try reader.readByte()
    guard version == Self.version else { throw reader.damage("has the unknown version \(version)") }
    moments = try RunningMoments(decoding: &reader)
    nonFinite = try reader.readCount()
    try reader.finish()
  }

  /// Reads the compact form back; all of `bytes` must be one value.
  public init(decoding bytes: [UInt8]) throws {
    self = try bytes.withUnsafeBytes { try PairedDifference(decoding: $0) }
  }
}
