import Evaluation
import Health
package import Pipelines
import Registry
import Rollouts
import Vocabulary

extension RolloutPolicy {
  /// The pipeline's `rollout:` settings.
  ///
  /// - Parameter recordsPerSecond: That are learned; nil: it is not known.
  init(_ settings: RolloutSettings, recordsPerSecond: Double? = nil) {
    self.init(
      recordsMin: Int64(settings.recordsMin), lossTolerance: settings.lossTolerance,
      lossToleranceRelative: settings.lossToleranceRelative, sliceTolerance: settings.sliceTolerance,
      confidence: settings.confidence,
      lane: Lane(settings, recordsPerSecond), canary: settings.effectiveCanary, hold: settings.hold,
      requestsMin: Int64(settings.canaryRequestsMin), failureTolerance: settings.canaryFailureTolerance,
      latencyTolerance: settings.canaryLatencyTolerance,
      durationMax: settings.durationMax, onInconclusive: settings.onInconclusive == .hold ? .hold : .retire,
      warmUp: settings.warmUp, coolDown: settings.coolDown)
  }
}

extension RolloutPolicy.Lane {
  /// Where a version's own pairs come slowly, freshness is not what matters; and whoever wants a canary wants to wait.
  fileprivate init(_ settings: RolloutSettings, _ recordsPerSecond: Double?) {
    switch settings.lane {
    case .fast: self = .fast
    case .careful: self = .careful
    case .auto:
      let isFast = settings.effectiveCanary.isEmpty && (recordsPerSecond ?? 0) >= RolloutSettings.fastFrom
      self = isFast ? .fast : .careful
    }
  }
}

extension ServingObjective {
  /// The pipeline's `rollout.slo`.
  init(_ slo: ObjectiveSettings) {
    self.init(
      availability: slo.availability, quick: slo.latency?.percentile,
      under: slo.latency?.under ?? .zero, eventsMin: Int64(slo.eventsMin), scale: slo.scale)
  }
}

extension CheckpointRecord {
  /// That were learned in its window.
  var recordsPerSecond: Double? {
    guard let seconds = self.seconds, seconds > 0 else { return nil }
    return Double(self.window.records) / seconds
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
