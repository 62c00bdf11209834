import Vocabulary

/// Observed: the loss over what the best constant prediction loses, the least of the last three windows: a model that is much worse
/// than none, and stays so.
struct DivergingRule: Rule {
  let name = HealthRule.diverging
  let meaning = "the model is much worse than the best constant prediction, window after window"
  let source = "a model that has learned nothing has 1"
  let action = HealthAction.page
  func threshold(_ limits: HealthLimits) -> Double { 2 }

  private static let windows = 3

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    let last = ([window.score] + window.before).prefix(Self.windows)
    let ratios = last.compactMap { score -> Double? in
      guard score.records > 0, let loss = score.loss, let prior = score.priorLoss, prior > 0 else { return nil }
      return loss / prior
    }
    guard let least = ratios.contains(where: \.isNaN) ? .nan : ratios.min() else { return [] }
    return [
      finding(
        HealthFinding.stream, least, .atMost(threshold(HealthFinding.stream)),
        hasEvidence: ratios.count == Self.windows && last.allSatisfy { $0.records >= limits.recordsMin },
        detail: "the loss is \(short(least)) times that of the best constant prediction in each of the last windows")
    ]
  }
}
