import Foundation

/// The greatest probability of an event that is still compatible with having seen it so rarely.
///
/// - Returns: The upper bound, one-sided, of 95 %.
/// - Source: Clopper & Pearson 1934.
func upperBound(of events: Int, in runs: Int) -> Double {
  guard events < runs else { return 1 }
  var (low, high) = (Double(events) / Double(runs), 1.0)
  for _ in 0..<50 {
    let middle = (low + high) / 2
    if probability(ofAtMost: events, in: runs, each: middle) > 0.05 { low = middle } else { high = middle }
  }
  return high
}

private func probability(ofAtMost events: Int, in runs: Int, each p: Double) -> Double {
  guard p > 0 else { return 1 }
  guard p < 1 else { return 0 }
  // One by one, from none upwards: each follows from the one before.
  var term = Double(runs) * log1p(-p)
  var sum = exp(term)
  for count in stride(from: 1, through: events, by: 1) {
    term += log(Double(runs - count + 1) / Double(count)) + log(p) - log1p(-p)
    sum += exp(term)
  }
  return sum
}
