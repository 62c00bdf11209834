/// How long after its event a record's label became known, coarsely: by powers of two of a second.
///
/// Buckets merge exactly in any order; a median that is read off them is right within a factor of two.
public enum LabelDelay {
  /// The first takes what is below a second, labels that were known before the event too; the last has no end (68 years).
  public static let buckets = 32

  /// Bucket `k` above 0 takes 2^(k − 1) … 2^k seconds; nil: a time is not known.
  ///
  /// - Parameters: In seconds since 1970; NaN: not known.
  public static func bucket(from event: Double, to label: Double) -> Int? {
    let seconds = label - event
    guard !seconds.isNaN else { return nil }
    guard seconds >= 1 else { return 0 }
    return min(buckets - 1, Int(seconds.exponent) + 1)
  }
}
