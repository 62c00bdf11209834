import Vocabulary

/// A layer that gives nothing but zeros passes nothing on, whatever it is given. Observed: share of zeros.
struct AllZeroRule: Rule {
  let name = HealthRule.allZero
  let meaning = "the layer gives nothing but zeros"
  let source = "by definition"
  let action = HealthAction.freezePromotion
  func threshold(_ limits: HealthLimits) -> Double { 0.9999 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.layers.map { layer in
      finding(
        layer.layer, layer.sketch.zeroFraction, .atMost(threshold(layer.layer)),
        hasEvidence: layer.sketch.count >= limits.rowsMin)
    }
  }
}
