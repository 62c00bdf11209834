import Vocabulary

/// Observed: root mean square over the steps of the gradient's L2 norm, before clipping.
struct VanishingGradientRule: Rule {
  let name = HealthRule.vanishingGradient
  let meaning = "the gradient of the layer is so small that nothing is learned"
  let source = "below what a Float32 update can change; Hochreiter 1991"
  let action = HealthAction.freezePromotion
  func threshold(_ limits: HealthLimits) -> Double { limits.gradientNormMin }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.layers.compactMap { layer in
      layer.gradientNorm.map {
        finding(layer.layer, $0, .atLeast(threshold(layer.layer)), hasEvidence: layer.steps >= limits.stepsMin)
      }
    }
  }
}
