import Vocabulary

/// Observed: how far the window's loss lies above the median of those before it, in their median absolute deviations (as standard
/// deviations; of a twentieth of the median at least, for windows of like records are more alike than others).
struct LossSpikeRule: Rule {
  let name = HealthRule.lossSpike
  let meaning = "the loss of the window lies far above those before it"
  let source = "Hampel 1974, the identifier: three; six, for windows are few and not alike"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 6 }

  /// How many windows before it are looked at, and how many there have to be.
  private static let (windows, windowsMin) = (20, 5)

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let loss = window.score.loss else { return [] }
    let earlier = window.before.prefix(Self.windows).filter { $0.records >= limits.recordsMin }.compactMap(\.loss)
    let center = median(earlier)
    let spread = max(deviation(earlier, around: center), 0.05 * abs(center))
    let above = spread > 0 ? (loss - center) / spread : loss > center ? .greatestFiniteMagnitude : 0
    return [
      finding(
        HealthFinding.stream, earlier.isEmpty && loss.isFinite ? 0 : above, .atMost(threshold(HealthFinding.stream)),
        hasEvidence: earlier.count >= Self.windowsMin && window.score.records >= limits.recordsMin,
        detail: "the loss of the window is \(short(loss)), that of the windows before it \(short(center))")
    ]
  }
}
