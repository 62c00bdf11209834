import Vocabulary

/// Not one element may be NaN or infinite. Observed: how many are.
struct NonFiniteRule: Rule {
  let name = HealthRule.nonFinite
  let meaning = "outputs of the layer are NaN or infinite"
  let source = "a bad number is none"
  let action = HealthAction.freezePromotion
  func threshold(_ limits: HealthLimits) -> Double { 0 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.layers.map { layer in
      finding(
        layer.layer, Double(layer.sketch.nonFinite), .atMost(threshold(layer.layer)),
        hasEvidence: layer.sketch.count > 0)
    }
  }
}
