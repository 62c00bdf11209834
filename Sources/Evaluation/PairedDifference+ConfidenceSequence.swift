import Foundation

extension PairedDifference {
  /// Below this many pairs the mean square is too rough an estimate, and the sequence says nothing.
  public static let pairsMin: Int64 = 100

  /// What a tail may hide: the expected squares of numbers greater than any seen come to this many times the largest's square.
  static let hiddenSquares = 3.0

  /// Bounds on the true mean difference that hold at every look at once, with probability `confidence`.
  ///
  /// So one may look after each record and stop at the first look that decides; a fixed-sample interval looked at that
  /// often would raise false alarms without end. They hold at any number of pairs and for any tail, as long as the differences'
  /// expected mean square is at most the observed one and three times the largest square over the number of pairs: of a tail that
  /// falls like a power, with density x^(−1−a), the numbers greater than any seen yet hide a / (a − 2) times that in expectation,
  /// three times where a = 3. The pairs need not be alike or independent: the sequence is about the running mean of what each
  /// difference was expected to be, given the ones before.
  ///
  /// - Parameters:
  ///   - confidence: In 0 ..< 1, above 0. Each side alone errs with half of what is missing to 1.
  ///   - pairs: The number of pairs at which the bounds are tightest; a choice made before looking. They hold whatever
  ///     it is.
  /// - Returns: −∞ … ∞ with fewer than `pairsMin` pairs.
  /// - Source: Wang & Ramdas 2023, "Catoni-style confidence sequences for heavy-tailed mean estimation", Stochastic
  ///   Processes and their Applications 163, with one bound for both sides and its strengths mixed: see `SoftenedSums`.
  ///   Where the pairs are in part from an older program, which kept none of those sums: `asymptoticSequence`.
  public func confidenceSequence(confidence: Double, tightestAt pairs: Int64 = 10_000) -> (lower: Double, upper: Double)
  {
    precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1, \(confidence) does not")
    precondition(pairs > 0, "tightest at \(pairs) pairs: at least one is needed")
    guard count >= Self.pairsMin else { return (-.infinity, .infinity) }
    guard let softened, let meanSquare else {
      return asymptoticSequence(alpha: 1 - confidence, tightestAt: Double(pairs))
    }
    let bounds = softened.bounds(
      count: moments.weight, sum: moments.sum, meanSquare: meanSquare, alpha: 1 - confidence, tightestAt: Double(pairs))
    return (bounds.lower / meanWeight, bounds.upper / meanWeight)
  }

  /// With t pairs, standard deviation σ̂ and α = 1 − confidence: mean ± σ̂·√( 2(tρ² + 1) / (t²ρ²) · ln( √(tρ² + 1) / α ) ).
  ///
  /// - Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, "Time-uniform central limit theory and asymptotic
  ///   confidence sequences", Annals of Statistics 52(6), Theorem 2.2; ρ after the paper's appendix on its choice.
  private func asymptoticSequence(alpha: Double, tightestAt pairs: Double) -> (lower: Double, upper: Double) {
    let rhoSquared = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / pairs
    let t = Double(count)
    let spread = t * rhoSquared + 1
    let radius = (variance * 2 * spread / (t * t * rhoSquared) * log(spread.squareRoot() / alpha)).squareRoot()
    return (mean - radius, mean + radius)
  }
}
