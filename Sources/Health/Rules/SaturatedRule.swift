import Vocabulary

/// Observed: share of activations where the slope is nearly zero.
struct SaturatedRule: Rule {
  let name = HealthRule.saturated
  let meaning = "activations of the layer are where their slope is nearly zero"
  let source = "wide; Glorot & Bengio 2010, section 3"
  let action = HealthAction.freezePromotion
  func threshold(_ limits: HealthLimits) -> Double { limits.saturatedShareMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.layers.map { layer in
      finding(
        layer.layer, layer.sketch.saturatedFraction, .atMost(threshold(layer.layer)),
        hasEvidence: layer.sketch.count >= limits.rowsMin)
    }
  }
}
