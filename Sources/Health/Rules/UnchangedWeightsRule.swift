import Vocabulary

/// Parameters that do not move in any step are not learned: a layer that is cut off, or a rate of zero. Observed: mean norm of
/// an update.
struct UnchangedWeightsRule: Rule {
  let name = HealthRule.unchangedWeights
  let meaning = "parameters of the layer do not change though steps are made"
  let source = "Float32: smaller updates of parameters of the order of 1 change nothing"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 1e-12 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.layers.filter { $0.steps > 0 }.map { layer in
      finding(
        layer.layer, layer.updateNormSum / Double(layer.steps), .atLeast(threshold(layer.layer)),
        hasEvidence: layer.steps >= limits.stepsMin && window.score.records > 0)
    }
  }
}
