import Vocabulary

/// Nothing is learned: over many windows the loss does not fall, and is no better than the best constant prediction. Observed: the
/// mean loss of the newer half of the windows over that of the older half, where the newer one is no better than constants; else
/// 0, for a loss that stays low need not fall.
struct LossNotDecreasingRule: Rule {
  let name = HealthRule.lossNotDecreasing
  let meaning = "the loss does not fall, and is no better than that of the best constant prediction"
  let source = "a loss that falls by less than a thousandth in so many windows does not fall"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 0.999 }

  private static let windows = 20

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    let scores = ([window.score] + window.before).prefix(Self.windows)
      .filter { $0.records >= limits.recordsMin && $0.loss != nil && $0.priorLoss != nil }
    guard !scores.isEmpty else { return [] }
    func mean(_ scores: some Sequence<HealthWindow.Score>, _ value: (HealthWindow.Score) -> Double) -> Double {
      var (sum, count) = (0.0, 0.0)
      for score in scores {
        sum += value(score) * Double(score.records)
        count += Double(score.records)
      }
      return sum / count
    }
    let (newer, older) = (scores.prefix(scores.count / 2), scores.dropFirst(scores.count / 2))
    let hasEvidence = scores.count == Self.windows
    let judged = newer.isEmpty ? older : newer
    let (new, prior) = (mean(judged) { $0.loss ?? 0 }, mean(judged) { $0.priorLoss ?? 0 })
    let observed = new < prior ? 0 : new / max(mean(older) { $0.loss ?? 0 }, .leastNormalMagnitude)
    return [
      finding(
        HealthFinding.stream, observed, .atMost(threshold(HealthFinding.stream)), hasEvidence: hasEvidence,
        detail: "the loss of the last windows is \(short(new)), that of the best constant prediction \(short(prior))")
    ]
  }
}
