import Vocabulary

/// The gradient of a layer has become another size from one window to the next: a sum where a mean belongs, records that are learned
/// twice or not at all, labels of another unit. An optimiser that scales its steps hides it. Observed: the norm in times of the median
/// of the windows before, or one divided by it.
struct GradientShiftRule: Rule {
  let name = HealthRule.gradientShift
  let meaning = "the gradient of the layer has become another size"
  let source = "a fifth or five times what it was is no chance; six deviations of the windows before (Hampel 1974)"
  let action = HealthAction.note
  func threshold(_ limits: HealthLimits) -> Double { 5 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    findings(
      window, limits, "gradient's norm", least: 0.1, \.gradientNorm, \.gradientNorm, threshold: threshold)
  }
}
