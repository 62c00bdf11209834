/// What a measure says of each of some records that were held out, which are the same for every model that is asked.
public struct HeldOutValues: Sendable, Hashable {
  /// NaN: the record is of no account.
  public let values: [Double]

  public init(_ values: [Double]) { self.values = values }

  /// nil: no record counts.
  public var mean: Double? {
    var (sum, count) = (0.0, 0)
    for value in values where value.isFinite { (sum, count) = (sum + value, count + 1) }
    return count > 0 ? sum / Double(count) : nil
  }

  public var count: Int { values.count(where: \.isFinite) }

  /// By how much they are above others, record by record, with the standard error of that mean. A model that has no number for a
  /// record that another one has a number for is infinitely worse.
  public func rise(over other: HeldOutValues) -> (mean: Double, error: Double) {
    var (count, mean, squares, isLost) = (0.0, 0.0, 0.0, false)
    for (value, base) in zip(values, other.values) where base.isFinite {
      guard value.isFinite else {
        if !value.isNaN { isLost = true }
        continue
      }
      count += 1
      let change = value - base - mean
      mean += change / count
      squares += change * (value - base - mean)
    }
    if isLost { return (.infinity, 0) }
    guard count > 1 else { return (count > 0 ? mean : 0, .infinity) }
    return (mean, (squares / (count - 1) / count).squareRoot())
  }
}
