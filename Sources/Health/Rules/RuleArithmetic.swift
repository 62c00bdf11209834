import Foundation

/// The middle one; of an even number the mean of the two; 0 of none.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return 0 }
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

/// Four significant digits: enough to compare, short enough to read.
func short(_ value: Double) -> String { String(format: "%.4g", value) }

/// As in `12.5 %`.
func percent(_ share: Double) -> String { String(format: "%.3g %%", 100 * share) }
