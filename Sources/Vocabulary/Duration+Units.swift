extension Duration {
  /// The duration in seconds.
  public var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }

  /// Whole milliseconds; `.up` never gives less than the duration.
  public func milliseconds(rounding rule: FloatingPointRoundingRule = .towardZero) -> Int64 {
    let (seconds, attoseconds) = components
    let fraction = Double(attoseconds) / 1e15
    return seconds * 1000 + Int64(fraction.rounded(rule))
  }
}
