import Foundation
import Vocabulary

/// The difference of two models in something that lies between 0 and 1, candidate minus baseline: below zero the candidate is
/// better. Wrong answers, one a record, or what is missing to the whole area under the curve, one a block.
public struct BoundedDifference: Sendable, Hashable, Codable {
  /// Differences so far.
  public private(set) var count: Int64 = 0
  @JSONSafe private(set) var sum: Double = 0
  @JSONSafe private(set) var squares: Double = 0

  public init() {}

  /// - Parameter difference: In −1 … 1.
  public mutating func add(_ difference: Double) {
    precondition((-1...1).contains(difference), "a bounded difference lies within ±1, \(difference) does not")
    count += 1
    sum += difference
    squares += difference * difference
  }

  /// Adds one record's answers.
  public mutating func add(candidateErrs: Bool, baselineErrs: Bool) {
    add((candidateErrs ? 1 : 0) - (baselineErrs ? 1 : 0))
  }

  public mutating func merge(_ other: BoundedDifference) {
    count += other.count
    sum += other.sum
    squares += other.squares
  }

  /// 0 without a difference.
  public var mean: Double { count > 0 ? sum / Double(count) : 0 }

  /// Bounds on the true mean that hold at every look at once, with probability `confidence`, at any number of differences:
  /// nothing is assumed but that each lies within ±1.
  ///
  /// For each x ≥ −1 and λ in 0 ..< 1, exp(λx + x²·(λ + log(1 − λ))) ≤ 1 + λx. So the product of the left sides over exp(λμ) is a
  /// supermartingale; the strengths λ = 3/4, 1/2, 1/4 … 2⁻⁸ weigh the same.
  ///
  /// - Parameter confidence: In 0 ..< 1, above 0. Each side alone errs with half of what is missing to 1.
  /// - Source: Fan, Grama & Liu 2015, "Exponential inequalities for martingales with applications", EJP 20, Lemma 4.1; Howard,
  ///   Ramdas, McAuliffe & Sekhon 2021, Annals of Statistics 49(2), Theorem 4 (the empirical Bernstein bound), around 0.
  public func confidenceSequence(confidence: Double) -> (lower: Double, upper: Double) {
    precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1, \(confidence) does not")
    guard count > 0 else { return (-1, 1) }
    let needed = log(2 / (1 - confidence)) + log(Double(Self.strengths.count))
    var mixture = StrengthMixture()
    for strength in Self.strengths {
      mixture.add(
        strength: strength * Double(count), value: strength * sum,
        cost: needed - (strength + log1p(-strength)) * squares)
    }
    let bounds = mixture.bounds
    return (max(bounds.lower, -1), min(bounds.upper, 1))
  }

  private static let strengths = [0.75] + (1...8).map { SoftenedSums.strength(-$0) }
}

extension BoundedDifference {
  func encode(into writer: inout CompactWriter) {
    writer.write(count: count)
    writer.write(sum)
    writer.write(squares)
  }

  init(decoding reader: inout CompactReader) throws {
    count = try reader.readCount()
    sum = try reader.readDouble()
    squares = try reader.readDouble()
    // The sum of squares is at most the count, and the sum's square at most their product.
    let room = 1 + 1e-9
    guard squares >= 0, squares <= Double(count) * room, sum * sum <= squares * Double(count) * room else {
      throw reader.damage("has sums of differences that cannot be within ±1")
    }
  }

  /// Appends the compact form; deterministic, at most 25 bytes.
  public func encode(into bytes: inout [UInt8]) {
    var writer = CompactWriter()
    writer.write(byte: 1)
    encode(into: &writer)
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
      let difference = try BoundedDifference(decoding: &reader)
      try reader.finish()
      return difference
    }
  }
}
