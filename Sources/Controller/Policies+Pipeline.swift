import Health
package import Pipelines
import Rollouts

extension RolloutPolicy {
  /// The pipeline's `rollout:` settings.
  init(_ settings: RolloutSettings) {
    self.init(
      recordsMin: Int64(settings.recordsMin), lossTolerance: settings.lossTolerance,
      lossToleranceRelative: settings.lossToleranceRelative, confidence: settings.confidence,
      canaryShare: settings.canaryShare)
  }
}

extension HealthPolicy {
  /// The pipeline's `health:` settings.
  package init(_ settings: HealthSettings) {
    self.init(
      limits: HealthLimits(settings),
      settings: settings.rules.map {
        Setting(rule: $0.rule, subject: $0.of, threshold: $0.threshold, action: $0.action)
      })
  }
}

extension HealthLimits {
  /// The pipeline's `health:` settings; what they do not name keeps its default.
  package init(_ settings: HealthSettings) {
    self.init()
    deadShareMax = settings.deadShareMax
    saturatedShareMax = settings.saturatedShareMax
    gradientNormMax = settings.gradientNormMax
    missingShareMax = settings.missingShareMax
    unknownShareMax = settings.unknownShareMax
    clippedShareMax = settings.clippedShareMax
    wildShareMax = settings.wildShareMax
  }
}
