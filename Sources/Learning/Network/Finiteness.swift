/// Whether numbers are numbers, and whether their sum over a whole step will be one.
enum Finiteness {
  /// More than any step has: the sum of so many gradients that are let through cannot overflow.
  private static let rowsOfLargestStep = 1 << 24

  static func isFinite(_ values: UnsafePointer<Float>, _ count: Int) -> Bool {
    for index in 0..<count where !values[index].isFinite { return false }
    return true
  }

  /// Whether as many such values as there are rows on all ranks have a finite sum; a NaN is not small.
  static func isSmall(_ magnitude: Double) -> Bool {
    magnitude <= Double(Float.greatestFiniteMagnitude / Float(rowsOfLargestStep))
  }
}
