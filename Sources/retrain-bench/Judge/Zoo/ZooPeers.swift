import Evaluation
import Foundation

/// The other rules, each as it is documented: those about one mean look at the loss, Kayenta's at the batches' means of loss,
/// errors and latency.
struct ZooPeers {
  private let margin: Double
  private let first: Int
  private let alpha: Double
  private let horizon: Int
  private var loss = PairedDifference()
  private var sums = [Double](repeating: 0, count: 6)
  private var batch = 0.0
  private var ranks = [RankTest](repeating: RankTest(), count: 3)
  private var decided = [StoppingRule: (promoted: Int?, caught: Int?)]()
  private var looks: [Int] = []

  private static let means: [StoppingRule] = [.asymptotic, .sequential, .fixed]

  init(margin: Double, first: Int, alpha: Double, horizon: Int) {
    self.margin = margin
    self.first = first
    self.alpha = alpha
    self.horizon = horizon
  }

  mutating func add(_ pair: ZooPair) {
    loss.add(candidate: pair.candidateLoss, baseline: pair.baselineLoss)
    batch += 1
    let values = [
      pair.candidateLoss, pair.baselineLoss, pair.candidateErrs ? 1 : 0, pair.baselineErrs ? 1 : 0, pair.latency, 0,
    ]
    for (index, value) in values.enumerated() where value.isFinite { sums[index] += value }
  }

  mutating func look(_ records: Int) {
    if decided[.kayenta]?.caught == nil, records <= horizon {
      for index in ranks.indices {
        ranks[index].add(candidate: sums[2 * index] / batch, baseline: sums[2 * index + 1] / batch)
      }
      if records >= first, ranks.contains(where: \.isHigh) { decided[.kayenta] = (nil, records) }
      if records == horizon, decided[.kayenta] == nil { decided[.kayenta] = (records, nil) }
    }
    sums = [Double](repeating: 0, count: 6)
    batch = 0
    guard records >= first else { return }
    for rule in Self.means where decided[rule] == nil {
      let look = rule.look(loss, alpha: 2 * alpha, tightestAt: Int64(first), horizon: max(horizon, records))
      if look.lower > margin { decided[rule] = (nil, records) }
      if look.upper <= margin { decided[rule] = (records, nil) }
    }
  }

  /// - Parameter own: What is known of the version.
  func outcomes(_ own: ZooOutcome, ruinedAt: Int) -> [ZooOutcome] {
    (Self.means + [.kayenta]).map { rule in
      var outcome = own
      outcome.rule = rule.rawValue
      outcome.onsetOff = nil
      // A rule that has decided before the version is ruined looks no more.
      outcome.promoted = decided[rule]?.promoted.map { max($0 - ruinedAt, 0) }
      outcome.caught = decided[rule]?.caught.map { max($0 - ruinedAt, 0) }
      return outcome
    }
  }
}
