import Vocabulary

/// Observed: expected calibration error of the window.
struct CalibrationRule: Rule {
  let name = HealthRule.calibration
  let meaning = "probabilities are not what happens"
  let source = "wide: a tenth is usual of untempered networks; Guo et al. 2017"
  let action = HealthAction.note
  func threshold(_ limits: HealthLimits) -> Double { 0.15 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let error = window.score.calibrationError else { return [] }
    return [
      finding(
        HealthFinding.stream, error, .atMost(threshold(HealthFinding.stream)),
        hasEvidence: window.score.records >= 10 * limits.recordsMin,
        detail: "probabilities are off by \(short(error)) on average")
    ]
  }
}
