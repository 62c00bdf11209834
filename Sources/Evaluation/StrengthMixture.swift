import Foundation

/// A mixture of supermartingales exp(value − strength·μ − cost), one a strength, and the mean μ at which it comes to 1.
struct StrengthMixture {
  private struct Term {
    let strength: Double
    let value: Double
    let cost: Double
  }

  private var terms: [Term] = []

  /// - Parameters:
  ///   - strength: Above 0; times the count.
  ///   - cost: What is taken off for the spread, the term's weight and the error.
  mutating func add(strength: Double, value: Double, cost: Double) {
    terms.append(Term(strength: strength, value: value, cost: cost))
  }

  /// Bounds on the mean; the values' signs turn for the upper one.
  var bounds: (lower: Double, upper: Double) { (root(sign: 1), -root(sign: -1)) }

  /// The mean of ±x at which the sum is 1; below it the sum is more.
  private func root(sign: Double) -> Double {
    // Each term alone is 1 at a mean that is below the root: from the greatest of these, Newton's steps on a convex,
    // falling function come from below and stay there.
    var mean = -Double.infinity
    for term in terms { mean = max(mean, (sign * term.value - term.cost) / term.strength) }
    guard mean.isFinite else { return -.infinity }
    for _ in 0..<Self.stepsMax {
      var total = 0.0
      var slope = 0.0
      for term in terms {
        let value = exp(sign * term.value - term.cost - term.strength * mean)
        total += value
        slope += value * term.strength
      }
      // Of the logarithm, which is straighter.
      let step = log(total) * total / slope
      mean += step
      if abs(step) <= 1e-9 * abs(mean) { break }
    }
    return mean
  }

  private static let stepsMax = 20
}
