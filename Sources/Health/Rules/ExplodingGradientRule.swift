import Vocabulary

/// Observed: root mean square over the steps of the gradient's L2 norm, before clipping.
struct ExplodingGradientRule: Rule {
  let name = HealthRule.explodingGradient
  let meaning = "the gradient of the layer is far too large"
  let source = "wide; Pascanu et al. 2013"
  let action = HealthAction.freezePromotion
  func threshold(_ limits: HealthLimits) -> Double { limits.gradientNormMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.layers.compactMap { layer in
      layer.gradientNorm.map {
        finding(layer.layer, $0, .atMost(threshold(layer.layer)), hasEvidence: layer.steps >= limits.stepsMin)
      }
    }
  }
}
