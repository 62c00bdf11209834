import Vocabulary

/// Observed: share of sampled outputs of magnitude 512 and more, or not finite (M7).
struct TailMassRule: Rule {
  let name = HealthRule.tailMass
  let meaning = "outputs of the layer are far larger than inputs are"
  let source = "inputs are standardised: 512 of their deviations are no answer"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 0.01 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.layers.map { layer in
      let sketch = layer.sketch
      let last = sketch.buckets.count - 1
      let far = [0, 1, 2, last - 1, last].reduce(0) { $0 + sketch.buckets[$1] }
      return finding(
        layer.layer, sketch.sampled > 0 ? Double(far) / Double(sketch.sampled) : 0, .atMost(threshold(layer.layer)),
        hasEvidence: sketch.sampled >= limits.sampledMin)
    }
  }
}
