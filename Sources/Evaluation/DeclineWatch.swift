import Foundation
import Vocabulary

/// Notices that a version has become worse than it may be, also after a long good history, with an error that is held over all
/// looks for ever.
///
/// A mean over the whole history forgets nothing: what was good for a month hides what is bad since an hour. Here each look
/// begins a test of its own, with a share 1/(k(k + 1)) of the error for the k-th; as all tests of one strength go on by the same factor,
/// their sum is one number. While each difference's expected mean is at most the margin that sum is a supermartingale.
///
/// - Source: Shin, Ramdas & Rinaldo 2023, "E-detectors: a nonparametric framework for sequential change detection", NEJSDS 2(2)
///   (the sum over starts, there with weight 1 each); the factors are those of `SoftenedSums`.
public struct DeclineWatch: Sendable, Hashable, Codable {
  /// Strengths λ = 2ʲ from 1 over the deviation of the first pairs downwards.
  private static let strengths = 14
  /// The logarithm of next to nothing, which JSON can hold.
  private static let none = -1e6

  private var first: Int?
  /// Of the sum of all tests, by strength.
  private var logEvidences: [Double] = []
  private var looks: Int64 = 0
  private var past = PairedDifference()
  private var onset = OnsetSums()

  public init() {}

  /// Adds the pairs that came since the last look; without a new one nothing changes.
  ///
  /// - Parameters:
  ///   - pairs: Theirs alone, not the whole history's.
  ///   - margin: How much worse a version may be; the same at every look.
  public mutating func add(_ pairs: PairedDifference, margin: Double) {
    guard pairs.count > 0, let softened = pairs.softened else { return }
    looks += 1
    onset.add(pairs)
    past.merge(pairs)
    let count = Double(pairs.count)
    let largest = softened.largest
    // The newest pairs may spread more than those before, and the other way round.
    let hidden = PairedDifference.hiddenSquares * largest * largest
    let meanSquare = max((pairs.moments.squares + hidden) / count, past.meanSquare ?? 0)
    guard meanSquare > 0 else { return }
    let first = first ?? Int((1 / meanSquare.squareRoot()).exponent)
    if self.first == nil {
      self.first = first
      logEvidences = [Double](repeating: Self.none, count: Self.strengths)
    }
    let share = -log(Double(looks)) - log(Double(looks + 1))
    for index in 0..<Self.strengths {
      let j = first - index
      guard let value = softened.value(at: j, sum: pairs.moments.sum) else {
        logEvidences[index] = Self.none
        continue
      }
      let strength = SoftenedSums.strength(j)
      let margin = margin * pairs.meanWeight
      let factor = value - count * strength * margin - count * strength * strength * meanSquare / 2
      logEvidences[index] = max(Self.logSum(logEvidences[index], share) + factor, Self.none)
    }
  }

  /// The logarithm of the evidence that the version is worse than it may be; at least log(1/α) at some look with probability α, if
  /// it never is.
  public var logEvidence: Double {
    logEvidences.reduce(Self.none, Self.logSum) - log(Double(Self.strengths))
  }

  public func isDeclined(alpha: Double) -> Bool { logEvidence >= -log(alpha) }

  /// How many pairs ago it probably began, where the mean rose at some time; nil: it has always been so.
  public var beganPairsAgo: Int64? { onset.rise?.ago }

  /// The same, with the means before and since.
  public var began: (pairsAgo: Int64, before: Double, since: Double)? {
    onset.rise.map { ($0.ago, $0.before, $0.after) }
  }

  /// That were looked at.
  public var pairs: Int64 { onset.count }

  private static func logSum(_ one: Double, _ other: Double) -> Double {
    max(one, other) + log1p(exp(min(one, other) - max(one, other)))
  }
}

extension PairedDifference {
  /// What the differences' expected mean square is taken to be at most; nil without a pair or the sums for it.
  var meanSquare: Double? {
    guard let softened, count > 0 else { return nil }
    return (moments.squares + Self.hiddenSquares * softened.largest * softened.largest) / moments.weight
  }
}
