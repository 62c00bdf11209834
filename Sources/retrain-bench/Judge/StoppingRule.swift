import Evaluation
import Foundation

/// A way to decide about a version while its losses come in.
enum StoppingRule: String, CaseIterable {
  case sequence, asymptotic, sequential, fixed, kayenta

  var about: String {
    switch self {
    case .sequence: "the confidence sequence by which retrain judges"
    case .asymptotic: "the asymptotic confidence sequence of Waudby-Smith et al. 2024"
    case .sequential: "O'Brien and Fleming's bounds for all looks of a run"
    case .fixed: "a t-test for one look, looked at after each batch"
    case .kayenta:
      "Kayenta's rule: Mann-Whitney over the batches' means, 98 %, a quarter of the shift and no lower mean"
    }
  }
}

/// What one look says.
struct Look {
  var lower: Double
  var upper: Double
}

extension StoppingRule {
  /// - Parameters:
  ///   - alpha: Of both sides together.
  ///   - horizon: Records of the whole run.
  func look(_ pairs: PairedDifference, alpha: Double, tightestAt: Int64, horizon: Int) -> Look {
    let deviation = (pairs.variance / Double(pairs.count)).squareRoot()
    let t = Double(pairs.count)
    switch self {
    case .sequence:
      let bounds = pairs.confidenceSequence(confidence: 1 - alpha, tightestAt: tightestAt)
      return Look(lower: bounds.lower, upper: bounds.upper)
    case .asymptotic:
      let rho = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / Double(tightestAt)
      let spread = t * rho + 1
      let radius = deviation * (2 * spread / (t * rho) * log(spread.squareRoot() / alpha)).squareRoot()
      return Look(lower: pairs.mean - radius, upper: pairs.mean + radius)
    case .sequential:
      // A Brownian path passes C at some time with probability 2(1 − Φ(C)): one per cent a side.
      let radius = 2.5758 * (Double(horizon) / t).squareRoot() * deviation
      return Look(lower: pairs.mean - radius, upper: pairs.mean + radius)
    case .fixed:
      let radius = 2.3263 * deviation
      return Look(lower: pairs.mean - radius, upper: pairs.mean + radius)
    case .kayenta: preconditionFailure("Kayenta's rule looks at the batches' means")
    }
  }
}
