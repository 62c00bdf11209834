public import Vocabulary

/// What a layer's values looked like over a window: exact, and mergeable across steps and ranks.
///
/// Everything but the buckets is over every element of every step; the buckets are over the sampled rows only. All
/// counts are integers, so merging is exact in any order; `sum` and `sumOfSquares` are added in the order of the
/// merges, so ranks merge in rank order. The fields are open so that a kernel's totals can be added in bulk.
public struct ActivationSketch: Sendable, Hashable, Codable {
  /// Elements seen, non-finite ones included.
  public var count: Int64 = 0
  /// Elements equal to zero, of either sign.
  public var zeros: Int64 = 0
  /// Elements below zero.
  public var negatives: Int64 = 0
  /// Elements where the activation's slope is (nearly) zero; each activation says which those are.
  public var saturated: Int64 = 0
  /// NaN and infinite elements; they are in no other field but `count`.
  public var nonFinite: Int64 = 0
  /// Over the finite elements; `+greatestFiniteMagnitude` where there are none.
  public var minimum: Float = .greatestFiniteMagnitude
  /// Over the finite elements; `-greatestFiniteMagnitude` where there are none.
  public var maximum: Float = -.greatestFiniteMagnitude
  /// Over the finite elements.
  @JSONSafe public var sum: Double = 0
  /// Over the finite elements.
  @JSONSafe public var sumOfSquares: Double = 0
  /// Counts of sampled elements, `bucketCount` of them; `bucket(of:)` has the layout.
  public var buckets: [Int64] = Array(repeating: 0, count: bucketCount)
  /// Sampled elements: the sum of `buckets`.
  public var sampled: Int64 = 0
  /// For each unit of the layer the number of rows in which it was not zero; empty where the layer has no units.
  public var unitActivity: [Int64] = []

  public init(units: Int = 0) { unitActivity = Array(repeating: 0, count: units) }

  /// Adds what `other` saw.
  public mutating func merge(_ other: ActivationSketch) {
    count += other.count
    zeros += other.zeros
    negatives += other.negatives
    saturated += other.saturated
    nonFinite += other.nonFinite
    minimum = min(minimum, other.minimum)
    maximum = max(maximum, other.maximum)
    sum += other.sum
    sumOfSquares += other.sumOfSquares
    buckets.add(other.buckets)
    sampled += other.sampled
    unitActivity.add(other.unitActivity)
  }

  /// Adds one value; what the kernels do in bulk, and the reference for them. It does not touch `unitActivity`.
  ///
  /// - Parameter isSampled: Whether the value's row is one of those counted in buckets.
  public mutating func add(_ value: Float, isSampled: Bool, isSaturated: Bool = false) {
    count += 1
    if isSampled {
      buckets[Self.bucket(of: value)] += 1
      sampled += 1
    }
    guard value.isFinite else {
      nonFinite += 1
      return
    }
    if value == 0 { zeros += 1 }
    if value < 0 { negatives += 1 }
    if isSaturated { saturated += 1 }
    minimum = min(minimum, value)
    maximum = max(maximum, value)
    sum += Double(value)
    sumOfSquares += Double(value) * Double(value)
  }
}

extension ActivationSketch {
  public var finite: Int64 { count - nonFinite }

  /// In 0 … 1; 0 where nothing was seen.
  public var zeroFraction: Double { share(zeros, of: count) }
  public var saturatedFraction: Double { share(saturated, of: count) }

  /// Of the finite elements; 0 where there are none.
  public var mean: Double { finite > 0 ? sum / Double(finite) : 0 }

  /// Population standard deviation of the finite elements; 0 where there are none.
  public var standardDeviation: Double {
    guard finite > 0 else { return 0 }
    return max(0, sumOfSquares / Double(finite) - mean * mean).squareRoot()
  }

  /// Units that were zero in every row of the window; 0 where no row was seen.
  public var deadUnits: Int { count > 0 ? unitActivity.count { $0 == 0 } : 0 }

  /// `deadUnits` as a share of the units, in 0 … 1.
  public var deadShare: Double { share(Int64(deadUnits), of: Int64(unitActivity.count)) }

  private func share(_ part: Int64, of whole: Int64) -> Double { whole > 0 ? Double(part) / Double(whole) : 0 }
}

extension Array where Element == Int64 {
  /// Adds place by place; the longer of the two gives the length.
  mutating func add(_ other: [Int64]) {
    if other.count > count { append(contentsOf: repeatElement(0, count: other.count - count)) }
    for place in other.indices { self[place] += other[place] }
  }
}
