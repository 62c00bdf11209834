import Vocabulary

extension PipelineChecks {
  /// A rule that says nothing new is a mistake, and so is one that lets bad numbers pass.
  func checkRules() {
    guard reader.trusts("health") else { return }
    for (place, setting) in pipeline.health.rules.enumerated() {
      if setting.threshold == nil, setting.action == nil {
        note(
          "health.rules.\(place)", "it says nothing of \(setting.rule.rawValue)",
          "give it a threshold, an action or both, or leave it out")
      }
      guard setting.rule == .nonFinite else { continue }
      if setting.threshold.map({ $0 != 0 }) ?? false
        || setting.action.map({ $0 != .freezePromotion && $0 != .page }) ?? false
      {
        note(
          "health.rules.\(place)", "NaN and infinity are never let pass: versions that give them are rejected",
          "leave it out, or write action: page")
      }
    }
  }
}
