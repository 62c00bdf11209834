import Health
package import Pipelines
import Rollouts
import Vocabulary

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
  /// The pipeline's `health:` settings. What they say outweighs that a rate that follows a schedule makes updates another size.
  package init(_ pipeline: Pipeline) {
    let scheduled: [Setting] = pipeline.training.hasMovingRate ? [Setting(rule: .updateShift, action: .off)] : []
    self.init(
      limits: HealthLimits(pipeline.health),
      settings: scheduled
        + pipeline.health.rules.map {
          Setting(rule: $0.rule, subject: $0.of, threshold: $0.threshold, action: $0.action)
        })
  }
}

extension TrainingSettings {
  fileprivate var hasMovingRate: Bool {
    [optimizer, wideOptimizer].compactMap(\.self).contains {
      $0.schedule.kind != .constant || $0.schedule.warmupSteps > 0
    }
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
    falseAlarmsMax = settings.driftFalseAlarms
  }
}
