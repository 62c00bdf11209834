import Vocabulary

/// Answers are measured, and a loss is learned by: of the same records, each on its own way. Where the two come apart, what answers is
/// not what learns: an older state, units that are dropped while it answers, labels of other records. Observed: by how much their ratio
/// differs from its median over the windows before; 0 where that is within what windows differ by themselves. A task may be learned by
/// another loss than it is measured by, so the ratio need not be 1.
struct LossApartRule: Rule {
  let name = HealthRule.lossApart
  let meaning = "the loss of the answers and the loss that is learned by have come apart"
  let source = "both are of the same records; six deviations of the windows before (Hampel 1974)"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 0.1 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    func ratio(_ score: HealthWindow.Score) -> Double? {
      guard score.records >= limits.recordsMin, let loss = score.loss, let learned = score.learnedLoss else {
        return nil
      }
      return learned > 0 ? loss / learned : nil
    }
    guard let now = ratio(window.score) else { return [] }
    let departure = Departure(now, before: window.before.compactMap(ratio), least: 0.01)
    return [
      finding(
        HealthFinding.stream, min(departure.change - 1, .greatestFiniteMagnitude),
        .atMost(threshold(HealthFinding.stream)), hasEvidence: departure.hasEvidence,
        detail: "the answers' loss is \(short(now)) times the one that is learned by, in the windows before "
          + "\(short(departure.usual)) times")
    ]
  }
}
