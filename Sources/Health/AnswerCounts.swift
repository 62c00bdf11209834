/// How answers to one of two classes met the labels: weights of records by label, and of those of them that were answered wrong.
public struct AnswerCounts: Sendable, Hashable, Codable {
  public var positives = 0.0
  public var wrongPositives = 0.0
  public var negatives = 0.0
  public var wrongNegatives = 0.0

  public init() {}

  init(columns: ArraySlice<Double>) {
    (positives, wrongPositives) = (columns[columns.startIndex], columns[columns.startIndex + 1])
    (negatives, wrongNegatives) = (columns[columns.startIndex + 2], columns[columns.startIndex + 3])
  }

  var columns: [Double] { [positives, wrongPositives, negatives, wrongNegatives] }

  /// Counts a record, without a branch: labels follow no pattern that a processor could learn.
  @inlinable
  public mutating func add(isPositive: Bool, isWrong: Bool, weight: Double = 1) {
    let positive = Double(isPositive ? 1 : 0)
    let (own, wrong) = (weight * positive, weight * Double(isWrong ? 1 : 0))
    positives += own
    negatives += weight - own
    wrongPositives += wrong * positive
    wrongNegatives += wrong - wrong * positive
  }

  mutating func add(_ other: AnswerCounts) { self = fading(by: 1, adding: other) }

  func fading(by share: Double, adding other: AnswerCounts) -> AnswerCounts {
    var sum = AnswerCounts()
    sum.positives = share * positives + other.positives
    sum.wrongPositives = share * wrongPositives + other.wrongPositives
    sum.negatives = share * negatives + other.negatives
    sum.wrongNegatives = share * wrongNegatives + other.wrongNegatives
    return sum
  }

  var all: Double { positives + negatives }
  var wrongShare: Double { all > 0 ? (wrongPositives + wrongNegatives) / all : 0 }

  /// How well answers tell the classes apart, −1 … 1; 0: not at all, below: the other way round. nil: a class is too rare to say.
  ///
  /// - Source: Youden 1950, "Index for rating diagnostic tests".
  var youden: Double? {
    guard positives >= Self.classMin, negatives >= Self.classMin else { return nil }
    return 1 - wrongPositives / positives - wrongNegatives / negatives
  }

  private static let classMin = 30.0
}
