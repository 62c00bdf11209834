import Foundation

extension SoftenedSums {
  /// Bounds on the mean that hold at every look at once, as long as the numbers' mean square is at most `meanSquare`.
  ///
  /// Strengths are mixed: those that are best from a quarter of `pairs` numbers to 64 times as many weigh a seventh each, others
  /// 2/7 · 1 / ((d + 1)(d + 2)) at d doublings from these. A bound is the mean at which the mixture of the supermartingales comes
  /// to 2 / α.
  ///
  /// - Source: Ville 1939; Howard, Ramdas, McAuliffe & Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence
  ///   sequences", Annals of Statistics 49(2), section 3.2 (mixtures).
  func bounds(count: Double, sum: Double, meanSquare: Double, alpha: Double, tightestAt pairs: Double) -> (
    lower: Double, upper: Double
  ) {
    guard meanSquare > 0 else { return (0, 0) }
    let needed = log(2 / alpha)
    let best = (2 * (needed + 1) / (pairs * meanSquare)).squareRoot()
    let middle = Int(log2(best).rounded())
    var mixture = StrengthMixture()
    for j in (middle - Self.reach)...(middle + Self.reach / 2) {
      guard let value = value(at: j, sum: sum) else { break }
      let strength = Self.strength(j)
      let distance = Double(max(0, j - middle - 1, middle - 3 - j))
      let weight = log(3.5 * (distance + 1) * (distance + 2))
      let cost = strength * strength * meanSquare / 2 * count + weight + needed
      mixture.add(strength: strength * count, value: value, cost: cost)
    }
    return mixture.bounds
  }

  /// Doublings towards more numbers, half of them towards fewer; one is a factor of 4 in numbers.
  private static let reach = 8
}
