import Foundation

extension PairedDifference {
  /// Below this many pairs the variance is too rough an estimate, and the sequence says nothing.
  public static let pairsMin: Int64 = 100

  /// Bounds on the true mean difference that hold at every look at once, with probability of about `confidence`.
  ///
  /// So one may look after each record and stop at the first look that decides; a fixed-sample interval looked at that
  /// often would raise false alarms without end. With t pairs, standard deviation σ̂ and α = 1 − confidence the bounds
  /// are mean ± σ̂·√( 2(tρ² + 1) / (t²ρ²) · ln( √(tρ² + 1) / α ) ). The pairs need not be alike or independent: the
  /// sequence is about the running mean of what each difference was expected to be, given the ones before.
  ///
  /// - Parameters:
  ///   - confidence: In 0 ..< 1, above 0.
  ///   - pairs: The number of pairs at which the bounds are tightest; a choice made before looking, which sets ρ. They
  ///     hold whatever it is.
  /// - Returns: −∞ … ∞ with fewer than `pairsMin` pairs.
  /// - Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, "Time-uniform central limit theory and asymptotic
  ///   confidence sequences", Annals of Statistics 52(6), Theorem 2.2; ρ after the paper's appendix on its choice.
  public func confidenceSequence(confidence: Double, tightestAt pairs: Int64 = 10_000) -> (lower: Double, upper: Double)
  {
    precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1, \(confidence) does not")
    precondition(pairs > 0, "tightest at \(pairs) pairs: at least one is needed")
    guard count >= Self.pairsMin else { return (-.infinity, .infinity) }
    let alpha = 1 - confidence
    let rhoSquared = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / Double(pairs)
    let t = Double(count)
    let spread = t * rhoSquared + 1
    let radius = (variance * 2 * spread / (t * t * rhoSquared) * log(spread.squareRoot() / alpha)).squareRoot()
    return (mean - radius, mean + radius)
  }
}
