import Vocabulary

/// The difference of two models' areas under the ROC curve on the same records, baseline minus candidate: below zero the
/// candidate is better, as with losses.
///
/// An area is a mean over pairs of a positive and a negative, which are not independent of each other. So records are gathered
/// in blocks; each block's difference of areas is one number within ±1 whose mean is the true difference, as when a block ends
/// depends on labels only. With four of each class a block tells most of what its records would in one great block, and
/// there are enough of them for a bound that assumes nothing of their spread: of 3, 4, 5, 8 and 12 it found worse rankings soonest.
///
/// - Source: Hoeffding 1948 (U-statistics); DeLong, DeLong & Clarke-Pearson 1988 (paired areas).
public struct PairedArea: Sendable, Hashable, Codable {
  /// Of each class before a block ends.
  public static let sideMin = 4
  /// Of the more frequent class in a block; further ones are passed over.
  static let sideMax = 16

  public private(set) var blocks = BoundedDifference()
  private var positives = Side()
  private var negatives = Side()

  public init() {}

  /// Adds one record's scores; one that is not finite, for either model, is skipped with its record.
  public mutating func add(candidate: Float, baseline: Float, isPositive: Bool) {
    guard candidate.isFinite, baseline.isFinite else { return }
    if isPositive { positives.add(candidate, baseline) } else { negatives.add(candidate, baseline) }
    guard positives.count >= Self.sideMin, negatives.count >= Self.sideMin else { return }
    let area = Side.area(positives.candidate, negatives.candidate)
    blocks.add(Side.area(positives.baseline, negatives.baseline) - area)
    positives.removeAll()
    negatives.removeAll()
  }

  /// The other's open block is gone on with, in its order.
  public mutating func merge(_ other: PairedArea) {
    blocks.merge(other.blocks)
    for (side, isPositive) in [(other.positives, true), (other.negatives, false)] {
      for (candidate, baseline) in zip(side.candidate, side.baseline) {
        add(candidate: candidate, baseline: baseline, isPositive: isPositive)
      }
    }
  }

  /// Of the areas; 0 without a block.
  public var mean: Double { blocks.mean }

  /// Bounds on the true difference that hold at every look at once; within a block records must be alike.
  public func confidenceSequence(confidence: Double) -> (lower: Double, upper: Double) {
    blocks.confidenceSequence(confidence: confidence)
  }

  /// Both models' scores of one class, as they came.
  private struct Side: Sendable, Hashable, Codable {
    var candidate: [Float] = []
    var baseline: [Float] = []

    var count: Int { candidate.count }

    mutating func add(_ candidate: Float, _ baseline: Float) {
      guard count < PairedArea.sideMax else { return }
      self.candidate.append(candidate)
      self.baseline.append(baseline)
    }

    /// The memory stays.
    mutating func removeAll() {
      candidate.removeAll(keepingCapacity: true)
      baseline.removeAll(keepingCapacity: true)
    }

    /// The share of pairs in which the positive scores higher; a tie counts half.
    static func area(_ positives: [Float], _ negatives: [Float]) -> Double {
      var halves = 0
      for positive in positives {
        for negative in negatives { halves += positive > negative ? 2 : positive == negative ? 1 : 0 }
      }
      return Double(halves) / Double(2 * positives.count * negatives.count)
    }
  }
}

extension PairedArea {
  /// Appends the compact form; deterministic, at most 192 bytes.
  public func encode(into bytes: inout [UInt8]) {
    var writer = CompactWriter()
    writer.write(byte: 1)
    blocks.encode(into: &writer)
    for side in [positives, negatives] {
      writer.write(count: Int64(side.count))
      for score in side.candidate + side.baseline { writer.write(score) }
    }
    bytes.append(contentsOf: writer.bytes)
  }

  /// Reads the compact form back; all of `bytes` must be one value.
  ///
  /// - Throws: `DamagedBytes`.
  public init(decoding bytes: [UInt8]) throws {
    self = unsafe try bytes.withUnsafeBytes { bytes in
      var reader = unsafe CompactReader(bytes)
      let version = try reader.readByte()
      guard version == 1 else { throw reader.damage("has the unknown version \(version)") }
      var area = PairedArea()
      area.blocks = try BoundedDifference(decoding: &reader)
      area.positives = try Self.side(&reader)
      area.negatives = try Self.side(&reader)
      guard min(area.positives.count, area.negatives.count) < Self.sideMin else {
        throw reader.damage("has an open block that is full")
      }
      try reader.finish()
      return area
    }
  }

  private static func side(_ reader: inout CompactReader) throws -> Side {
    let count = Int(try reader.readCount(max: Int64(sideMax)))
    var side = Side()
    for _ in 0..<count { side.candidate.append(try reader.readFloat()) }
    for _ in 0..<count { side.baseline.append(try reader.readFloat()) }
    guard (side.candidate + side.baseline).allSatisfy(\.isFinite) else {
      throw reader.damage("has a score that is no number")
    }
    return side
  }
}
