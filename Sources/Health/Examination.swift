import Vocabulary

/// Holds every layer against every rule that applies to it; passes are listed too, because they are evidence.
///
/// A rule that has too little to go by says `inconclusive`. Dead units are judged where the layer has units, gradients
/// and updates where the window has steps.
///
/// - Returns: By layer in the order given, then by rule in the order of `HealthRule`.
public func examine(_ layers: [LayerHealth], limits: HealthLimits) -> [HealthFinding] {
  layers.flatMap { Examiner(health: $0, limits: limits).findings() }
}

/// Holds the layers' activations against those of a baseline, by name; a layer that the baseline lacks is
/// `inconclusive`.
public func examineDrift(
  of layers: [LayerHealth], from baseline: [LayerHealth], limits: HealthLimits
) -> [HealthFinding] {
  layers.map { health in
    let trusted = baseline.first { $0.layer == health.layer }?.sketch ?? ActivationSketch()
    let index = populationStabilityIndex(health.sketch.buckets, trusted.buckets)
    let hasEnough = min(health.sketch.sampled, trusted.sampled) >= limits.sampledMin
    return HealthFinding(
      rule: HealthRule.drift.rawValue, layer: health.layer, observed: index, threshold: limits.stabilityIndexMax,
      verdict: !hasEnough ? .inconclusive : index <= limits.stabilityIndexMax ? .pass : .fail)
  }
}

private struct Examiner {
  let health: LayerHealth
  let limits: HealthLimits

  func findings() -> [HealthFinding] {
    let sketch = health.sketch
    var findings: [HealthFinding] = []
    findings.append(finding(.nonFinite, Double(sketch.nonFinite), atMost: 0, hasEvidence: sketch.count > 0))
    if !sketch.unitActivity.isEmpty {
      let rows = sketch.count / Int64(sketch.unitActivity.count)
      findings.append(
        finding(.deadUnits, sketch.deadShare, atMost: limits.deadShareMax, hasEvidence: rows >= limits.rowsMin))
    }
    findings.append(
      finding(
        .saturated, sketch.saturatedFraction, atMost: limits.saturatedShareMax,
        hasEvidence: sketch.count >= limits.rowsMin))
    guard let gradientNorm = health.gradientNorm else { return findings }
    let hasSteps = health.steps >= limits.stepsMin
    findings.append(
      finding(.explodingGradient, gradientNorm, atMost: limits.gradientNormMax, hasEvidence: hasSteps))
    findings.append(
      finding(.vanishingGradient, gradientNorm, atLeast: limits.gradientNormMin, hasEvidence: hasSteps))
    if let ratio = health.updateRatio {
      findings.append(finding(.updateRatio, ratio, atMost: limits.updateRatioMax, hasEvidence: hasSteps))
    }
    return findings
  }

  /// A NaN passes no bound. It, and infinity, fail even on little evidence: they do not come from chance.
  private func finding(
    _ rule: HealthRule, _ observed: Double, atMost most: Double? = nil, atLeast least: Double? = nil, hasEvidence: Bool
  ) -> HealthFinding {
    let isWithin = observed <= most ?? .greatestFiniteMagnitude && observed >= least ?? -.greatestFiniteMagnitude
    let verdict: Verdict =
      if !observed.isFinite { .fail } else if !hasEvidence { .inconclusive } else { isWithin ? .pass : .fail }
    return HealthFinding(
      rule: rule.rawValue, layer: health.layer, observed: observed, threshold: most ?? least ?? 0, verdict: verdict)
  }
}
