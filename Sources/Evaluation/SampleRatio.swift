import Foundation

/// Whether requests were dealt to versions in the shares that were meant, looked at as often as one likes.
///
/// Where they were not, what the versions were given differs too, and nothing that was measured on them compares: a canary that
/// answers with an error loses the requests that are hard for it. The counts' likelihood, with shares drawn from Dirichlet(κ·p),
/// over that with the shares p is a martingale while p is true.
///
/// - Source: Lindon & Malek 2022, "Anytime-valid inference for multinomial count data", NeurIPS 35, section 3.
public struct SampleRatio: Sendable, Hashable {
  /// The sum of the prior's counts: the more, the smaller a deviation it looks for.
  public static let concentration = 100.0

  /// The logarithm of the evidence against the shares; at least log(1/α) with probability α at some look, where they are true.
  public let logEvidence: Double

  /// - Parameters:
  ///   - counts: Of requests, by version; all looks' together, zero or more.
  ///   - shares: As meant, above 0; their sum is 1.
  public init(counts: [Int64], shares: [Double]) {
    precondition(counts.count == shares.count, "\(counts.count) counts and \(shares.count) shares")
    precondition(counts.allSatisfy { $0 >= 0 } && shares.allSatisfy { $0 > 0 }, "counts \(counts), shares \(shares)")
    precondition(abs(shares.reduce(0, +) - 1) < 1e-6, "the shares \(shares) do not add up to 1")
    let total = Double(counts.reduce(0, +))
    var evidence = lgamma(Self.concentration) - lgamma(Self.concentration + total)
    for (count, share) in zip(counts, shares) {
      let prior = Self.concentration * share
      evidence += lgamma(prior + Double(count)) - lgamma(prior) - Double(count) * log(share)
    }
    logEvidence = evidence
  }

  /// Whether the shares are refuted, at any look, with an error of at most `alpha`.
  public func isRefuted(alpha: Double) -> Bool { logEvidence >= -log(alpha) }
}
