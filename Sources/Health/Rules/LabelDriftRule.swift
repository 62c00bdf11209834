import Vocabulary

/// The label is spread otherwise: what is predicted has another frequency than before. Observed: the population stability index.
struct LabelDriftRule: Rule {
  let name = HealthRule.labelDrift
  let meaning = "the label is spread otherwise than in the windows that the version that serves was made of"
  let source = "0.25 is the usual mark of a clear shift; Siddiqi 2006. Chance: bootstrap on the baseline's own windows"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { limits.stabilityIndexMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let drift = window.drift else { return [] }
    return drift.columns.filter { $0.column.role == .label }.map { column in
      finding(
        column, in: drift, observed: column.stabilityIndex,
        threshold: max(threshold(HealthFinding.stream), column.bound), limits, layer: HealthFinding.stream)
    }
  }
}
