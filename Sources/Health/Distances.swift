import Foundation

/// The population stability index between two histograms: Σ (aᵢ − bᵢ)·ln(aᵢ / bᵢ) over the shares aᵢ and bᵢ.
///
/// Symmetric, zero or more, and 0 for equal shares. Usual reading: below 0.1 stable, above 0.25 a clear shift. Places
/// that are zero on both sides say nothing and are left out; everywhere else half a count is added to both sides, so
/// that a place that is zero on one side gives a large number and not infinity. An empty histogram on either side gives
/// 0: ask for the counts first.
///
/// - Parameters: Counts, zero or more; the shorter one is taken to end in zeros.
/// - Source: Jeffreys 1946 (the divergence); Krichevsky & Trofimov 1981 (half a count).
public func populationStabilityIndex(_ a: [Int64], _ b: [Int64]) -> Double {
  guard let pairs = nonEmptyPlaces(a, b) else { return 0 }
  let places = Double(pairs.count)
  let (totalA, totalB) = totals(pairs)
  return pairs.reduce(0) { sum, pair in
    let shareA = (pair.0 + 0.5) / (totalA + 0.5 * places)
    let shareB = (pair.1 + 0.5) / (totalB + 0.5 * places)
    return sum + (shareA - shareB) * log(shareA / shareB)
  }
}

/// The Jensen–Shannon distance between two histograms: the square root of the divergence to base 2, in 0 … 1.
///
/// A metric: symmetric, 0 for equal shares only, 1 where no place is filled on both sides. Zero places need no care. An
/// empty histogram on either side gives 0: ask for the counts first.
///
/// - Parameters: Counts, zero or more; the shorter one is taken to end in zeros.
/// - Source: Endres & Schindelin 2003, "A new metric for probability distributions".
public func jensenShannonDistance(_ a: [Int64], _ b: [Int64]) -> Double {
  guard let pairs = nonEmptyPlaces(a, b) else { return 0 }
  let (totalA, totalB) = totals(pairs)
  let divergence = pairs.reduce(0) { sum, pair in
    let shareA = pair.0 / totalA
    let shareB = pair.1 / totalB
    let middle = (shareA + shareB) / 2
    return sum + (surprise(shareA, middle) + surprise(shareB, middle)) / 2
  }
  return min(max(divergence, 0), 1).squareRoot()
}

private func surprise(_ share: Double, _ middle: Double) -> Double { share > 0 ? share * log2(share / middle) : 0 }

/// The places filled on at least one side; nil where one side is empty.
private func nonEmptyPlaces(_ a: [Int64], _ b: [Int64]) -> [(Double, Double)]? {
  guard a.contains(where: { $0 > 0 }), b.contains(where: { $0 > 0 }) else { return nil }
  return (0..<max(a.count, b.count)).compactMap { place in
    let left = place < a.count ? a[place] : 0
    let right = place < b.count ? b[place] : 0
    return left > 0 || right > 0 ? (Double(left), Double(right)) : nil
  }
}

private func totals(_ pairs: [(Double, Double)]) -> (Double, Double) {
  pairs.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
}
