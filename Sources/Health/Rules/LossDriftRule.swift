import Vocabulary

/// The loss has risen to another level and stays there: what the model learned is no longer so. Observed: by how much, as a share
/// of what it was; 0: it has not risen in this window.
struct LossDriftRule: Rule {
  let name = HealthRule.lossDrift
  let meaning = "the loss has risen to another level"
  let source = "ADWIN says whether it has; a tenth is worth a look"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 0.1 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let shifts = window.lossShifts else { return [] }
    let worst = shifts.max { $0.rise < $1.rise }
    return [
      finding(
        HealthFinding.stream, max(0, worst?.rise ?? 0), .atMost(threshold(HealthFinding.stream)), hasEvidence: true,
        detail: worst.map {
          "since about step \($0.since) the loss is \(short($0.after)), before it was \(short($0.before)) "
            + "(noticed at step \($0.noticed))"
        })
    ]
  }
}
