import Vocabulary

/// Parameters that do not move in any step are not learned: a layer that is cut off, or a rate of zero. Observed: mean norm of
/// an update; 0 where the parameters' own norm is, to the last bit, that of the window before, for then no update has come to stay.
struct UnchangedWeightsRule: Rule {
  let name = HealthRule.unchangedWeights
  let meaning = "parameters of the layer do not change though steps are made"
  let source = "Float32: smaller updates of parameters of the order of 1 change nothing"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 1e-12 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.layers.filter { $0.steps > 0 }.map { layer in
      let before = window.layersBefore.first?.first { $0.layer == layer.layer }
      let stays = before.map { $0.weightNorm == layer.weightNorm && layer.weightNorm != 0 } ?? false
      return finding(
        layer.layer, stays ? 0 : layer.updateNormSum / Double(layer.steps), .atLeast(threshold(layer.layer)),
        hasEvidence: layer.steps >= limits.stepsMin && window.score.records > 0)
    }
  }
}
