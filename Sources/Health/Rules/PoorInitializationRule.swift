import Vocabulary

/// In the first window of a lineage, how far the layers' spreads lie apart: signals that grow or die from layer to layer never
/// reach the far end. Observed: the largest deviation of a hidden layer's outputs over the smallest.
struct PoorInitializationRule: Rule {
  let name = HealthRule.poorInitialization
  let meaning = "layers began with spreads so far apart that signals grow or die on their way"
  let source = "He et al. 2015, section 2.2: a factor a layer that is not 1 grows or dies with depth"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 1000 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard window.isFirst else { return [] }
    let layers = window.layers.filter { !$0.sketch.unitActivity.isEmpty && $0.sketch.finite >= limits.rowsMin }
    guard layers.count > 1, let last = layers.last else { return [] }
    let spreads = layers.map(\.sketch.standardDeviation)
    guard let least = spreads.min(), let most = spreads.max() else { return [] }
    let ratio = most == 0 ? 1 : most / max(least, .leastNormalMagnitude)
    return [finding(last.layer, ratio, .atMost(threshold(last.layer)), hasEvidence: true)]
  }
}
