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
