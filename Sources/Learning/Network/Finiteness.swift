/// Whether numbers are numbers, and whether their sum over a whole step will be one.
enum Finiteness {
  /// More than any step has: the sum of so many gradients that are let through cannot overflow.
  private static let rowsOfLargestStep = 1 << 24

  static func isFinite(_ values: UnsafePointer<Float>, _ count: Int) -> Bool {
    for index in 0..<count where !values[index].isFinite { return false }
    return true
  }

  /// Whether as many such rows as there are on all ranks have a finite sum; a NaN is not small.
  static func isSmall(_ values: UnsafePointer<Float>, _ count: Int, times factor: Float = 1) -> Bool {
    let most = Float.greatestFiniteMagnitude / Float(rowsOfLargestStep)
    for index in 0..<count where !(abs(values[index]) * factor <= most) { return false }
    return true
  }
}
