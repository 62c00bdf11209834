import Vocabulary

/// The loss has fallen to a fraction of what it was at once: what is learned so well is most often the answer itself, in a feature that
/// was not there when the question was asked, or records that were learned before. Observed: the median loss of the windows before in
/// times of the window's; 1 where it lies within what windows differ by themselves.
struct LossTooGoodRule: Rule {
  let name = HealthRule.lossTooGood
  let meaning = "the loss has fallen to a fraction of what it was at once"
  let source = "Kaufman et al. 2012, Leakage in data mining: what is too good to be true most often is not"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 3 }

  private static let windows = 20

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let loss = window.score.loss else { return [] }
    let earlier = window.before.prefix(Self.windows).filter { $0.records >= limits.recordsMin }.compactMap(\.loss)
    let now = loss == 0 ? .leastNormalMagnitude : loss
    // A learner that has just begun halves its loss with each window.
    let departure = Departure(now, before: earlier, least: 0.1, windows: Self.windows)
    return [
      finding(
        HealthFinding.stream, max(1, 1 / departure.factor), .atMost(threshold(HealthFinding.stream)),
        hasEvidence: departure.hasEvidence && window.score.records >= limits.recordsMin,
        detail:
          "the loss of the window is \(short(loss)), that of the windows before it \(short(departure.usual)): is the "
          + "label in one of the features, or are the same records learned again?")
    ]
  }
}
