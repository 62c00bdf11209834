import Vocabulary

/// Observed: population stability index of a layer's activations against those of the version that serves.
struct DriftRule: Rule {
  let name = HealthRule.drift
  let meaning = "activations of the layer have another distribution than those of the version that serves"
  let source = "0.25 is the usual mark of a clear shift; Siddiqi 2006"
  let action = HealthAction.note
  func threshold(_ limits: HealthLimits) -> Double { limits.stabilityIndexMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let baseline = window.baseline else { return [] }
    return window.layers.map { layer in
      let trusted = baseline.first { $0.layer == layer.layer }?.sketch ?? ActivationSketch()
      return finding(
        layer.layer, populationStabilityIndex(layer.sketch.buckets, trusted.buckets),
        .atMost(threshold(layer.layer)),
        hasEvidence: min(layer.sketch.sampled, trusted.sampled) >= limits.sampledMin)
    }
  }
}
