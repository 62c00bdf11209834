import Vocabulary

/// The version that serves, which does not learn, answers worse than it did: what the features say of the label is another thing by
/// now, or the features are. Observed: by how much its loss has risen, as `LossRise` says. It is seen where the learner follows
/// so fast that its own loss hardly moves.
struct ConceptDriftRule: Rule {
  let name = HealthRule.conceptDrift
  let meaning = "the version that serves answers worse than it did"
  let source =
    "ADWIN says whether it does; a quarter is worth a look, if windows before did not come as far (Hampel 1974)"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 0.25 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let shifts = window.stableShifts else { return [] }
    var finding = finding(
      LossRise(shifts, window, \.stableLoss, limits), "the loss of the version that serves", window,
      threshold: threshold(HealthFinding.stream))
    finding.version = window.serving
    return [finding]
  }
}
