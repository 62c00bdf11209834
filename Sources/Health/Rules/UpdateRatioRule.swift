import Vocabulary

/// Observed: mean norm of an update over the parameters' norm (`LayerHealth.updateRatio`).
struct UpdateRatioRule: Rule {
  let name = HealthRule.updateRatio
  let meaning = "parameters of the layer are moved by a large share of themselves in each step"
  let source = "a healthy ratio is near 1e-3"
  let action = HealthAction.freezePromotion
  func threshold(_ limits: HealthLimits) -> Double { limits.updateRatioMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.layers.compactMap { layer in
      layer.updateRatio.map {
        finding(layer.layer, $0, .atMost(threshold(layer.layer)), hasEvidence: layer.steps >= limits.stepsMin)
      }
    }
  }
}
