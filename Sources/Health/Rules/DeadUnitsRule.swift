import Vocabulary

/// Observed: share of units that were zero in every row; where a layer has units.
struct DeadUnitsRule: Rule {
  let name = HealthRule.deadUnits
  let meaning = "units of the layer answer zero to everything"
  let source = "wide: it stops a broken layer, not a sparse one; Lu et al. 2019, Dying ReLU and Initialization"
  let action = HealthAction.freezePromotion
  func threshold(_ limits: HealthLimits) -> Double { limits.deadShareMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.layers.filter { !$0.sketch.unitActivity.isEmpty }.map { layer in
      let rows = layer.sketch.count / Int64(layer.sketch.unitActivity.count)
      return finding(
        layer.layer, layer.sketch.deadShare, .atMost(threshold(layer.layer)), hasEvidence: rows >= limits.rowsMin)
    }
  }
}
