import Vocabulary

/// The learner's loss has risen to another level and stays there: it cannot follow what the stream has become. Observed: by how much,
/// as `LossRise` says.
struct LossDriftRule: Rule {
  let name = HealthRule.lossDrift
  let meaning = "the loss has risen to another level"
  let source =
    "ADWIN says whether it has; a quarter is worth a look, if windows before did not come as far (Hampel 1974)"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 0.25 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let shifts = window.lossShifts else { return [] }
    return [
      finding(LossRise(shifts, window, \.loss, limits), "the loss", window, threshold: threshold(HealthFinding.stream))
    ]
  }
}
