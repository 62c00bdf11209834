import Vocabulary

/// Records lose far less right after they were learned than before: the step learns them by heart rather than what they have in
/// common, as one with too high a rate, or with a row for each of its identities, does. Observed: by how much one step lessens the
/// loss of its own records, as a share of it: the gap between training and test loss of a stream, where each record is tested on
/// first.
struct OverfittingRule: Rule {
  let name = HealthRule.overfitting
  let meaning = "records are learned by heart: right after they were learned they lose far less than before"
  let source =
    "wide: a step that takes half of its records' loss has them by heart; generalisation gap, Zhang et al. 2017"
  let action = HealthAction.note
  func threshold(_ limits: HealthLimits) -> Double { 0.5 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let loss = window.score.relearned, let gap = loss.gap else { return [] }
    let before = window.before.compactMap(\.relearned).filter { $0.records >= limits.recordsMin }.compactMap(\.gap)
    let usual = before.isEmpty ? "" : ", in the windows before by \(percent(median(before)))"
    return [
      finding(
        HealthFinding.stream, max(0, gap), .atMost(threshold(HealthFinding.stream)),
        hasEvidence: loss.records >= limits.recordsMin,
        detail: "a step lessens the loss of the records that it learns by \(percent(gap))" + usual)
    ]
  }
}
