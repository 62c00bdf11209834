import Vocabulary

/// Observed: share of zeros among the outputs of a layer with units (M2). A hint, where dead units are none.
struct ZeroShareRule: Rule {
  let name = HealthRule.zeroShare
  let meaning = "nearly all outputs of the layer are zero"
  let source = "what-is-usual: 5 to 60 % by layer; beyond 95 % little is passed on"
  let action = HealthAction.note
  func threshold(_ limits: HealthLimits) -> Double { 0.95 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.layers.filter { !$0.sketch.unitActivity.isEmpty }.map { layer in
      finding(
        layer.layer, layer.sketch.zeroFraction, .atMost(threshold(layer.layer)),
        hasEvidence: layer.sketch.count >= limits.rowsMin)
    }
  }
}
