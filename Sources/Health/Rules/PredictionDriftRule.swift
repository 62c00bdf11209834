import Vocabulary

/// The predictions are spread otherwise: of itself no harm, and seen before any label is. Observed: the population stability index.
struct PredictionDriftRule: Rule {
  let name = HealthRule.predictionDrift
  let meaning = "the predictions are spread otherwise than in the windows that the version that serves was made of"
  let source = "0.25 is the usual mark of a clear shift; Siddiqi 2006. Chance: bootstrap on the baseline's own windows"
  let action = HealthAction.note
  func threshold(_ limits: HealthLimits) -> Double { limits.stabilityIndexMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    if let answers = window.answers {
      return [
        finding(
          HealthFinding.stream, answers.stabilityIndex, .atMost(threshold(HealthFinding.stream)),
          hasEvidence: answers.records >= limits.sampledMin, detail: answers.sentence)
      ]
    }
    guard let drift = window.drift else { return [] }
    return drift.columns.filter { $0.column.role == .prediction }.map { column in
      finding(
        column, in: drift, observed: column.stabilityIndex,
        threshold: max(threshold(HealthFinding.stream), column.bound), limits, layer: HealthFinding.stream)
    }
  }
}
