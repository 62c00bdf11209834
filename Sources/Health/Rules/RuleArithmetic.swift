import Foundation

/// The middle one; of an even number the mean of the two; 0 of none.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return 0 }
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

extension [Float] {
  /// Of numbers in ascending order those at so many equal steps of probability, from the smallest to the largest; none of none.
  func quantiles(_ steps: Int) -> [Float] { isEmpty ? [] : (0...steps).map { self[$0 * (count - 1) / steps] } }
}

/// The standard deviation of a normal distribution that lies as far around `center` as these do, whatever a few of them are.
///
/// - Source: Hampel 1974, the median absolute deviation.
func deviation(_ values: [Double], around center: Double) -> Double {
  1.4826 * median(values.map { abs($0 - center) })
}

/// Four significant digits: enough to compare, short enough to read.
func short(_ value: Double) -> String { String(format: "%.4g", value) }

/// As in `12.5 %`.
func percent(_ share: Double) -> String { String(format: "%.3g %%", 100 * share) }

/// As in `3.5 h`.
func timeSpan(_ seconds: Double) -> String {
  let units = [(86_400.0, "d"), (3600, "h"), (60, "min")]
  guard let (length, name) = units.first(where: { seconds >= 2 * $0.0 }) else { return "\(short(seconds)) s" }
  return "\(short(seconds / length)) \(name)"
}
