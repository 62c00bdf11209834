import Vocabulary

/// The updates of a layer have become another size from one window to the next: another learning rate, or an optimiser that forgets
/// what it knew. Off, unless a pipeline says otherwise, where the rate follows a schedule. Observed: their mean norm in times of the median of the windows before, or one divided by it.
struct UpdateShiftRule: Rule {
  let name = HealthRule.updateShift
  let meaning = "the updates of the layer have become another size"
  let source = "a third or three times what it was is no chance; six deviations of the windows before (Hampel 1974)"
  let action = HealthAction.note
  func threshold(_ limits: HealthLimits) -> Double { 3 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    findings(window, limits, "mean update", least: 0.05, \.updateNorm, \.updateNorm, threshold: threshold)
  }
}
