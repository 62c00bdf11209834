import Foundation

/// Kayenta's Mann–Whitney classifier over a growing series of measurements, one of each version a batch.
///
/// A metric is "High" where the confidence interval of Hodges and Lehmann's shift lies above a quarter of the shift's estimate
/// and the mean is not below the baseline's. The interval is the one of the normal approximation, as R's `wilcox.test` has it
/// from 50 values on.
///
/// - Source: spinnaker/kayenta, `MannWhitneyClassifier` and `NetflixACAJudge` (tolerance 0.25, confidence 0.98, effect size
///   by the means' ratio, allowed increase 1).
struct RankTest {
  private var candidates: [Double] = []
  private var baselines: [Double] = []
  /// All differences of a candidate's value and a baseline's, ascending.
  private var differences: [Double] = []

  mutating func add(candidate: Double, baseline: Double) {
    guard candidate.isFinite, baseline.isFinite else { return }
    var new = baselines.map { candidate - $0 } + candidates.map { $0 - baseline }
    new.append(candidate - baseline)
    new.sort()
    candidates.append(candidate)
    baselines.append(baseline)
    var merged: [Double] = []
    merged.reserveCapacity(differences.count + new.count)
    var next = 0
    for old in differences {
      while next < new.count, new[next] < old {
        merged.append(new[next])
        next += 1
      }
      merged.append(old)
    }
    merged.append(contentsOf: new[next...])
    differences = merged
  }

  /// Whether the candidate's metric is classified as too high.
  var isHigh: Bool {
    let n = Double(candidates.count)
    let below = n * n / 2 - Self.quantile * (n * n * (2 * n + 1) / 12).squareRoot()
    guard below >= 1, candidates.mean >= baselines.mean else { return false }
    let middle = differences.count / 2
    let estimate =
      differences.count % 2 == 1 ? differences[middle] : (differences[middle - 1] + differences[middle]) / 2
    return differences[Int(below) - 1] > 0.25 * abs(estimate)
  }

  /// Of a normal distribution, for 98 % between both sides.
  private static let quantile = 2.3263
}
