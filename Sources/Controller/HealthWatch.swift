package import Evaluation
package import Health
import Registry
import Rollouts
import Telemetry
import Vocabulary

/// Holds each window that the live run has learned against the rules: what fails is an incident until it passes again, and
/// freezes promotion where its action says so.
struct HealthWatch {
  private let registry: Registry
  private let pipelineID: Int64
  private let policy: HealthPolicy
  private let logger: Logger
  /// The checkpoint that was looked at last, and of the windows before its own the newest first.
  private var last: (checkpoint: Int64, lineage: Int)?
  private var scores: [HealthWindow.Score] = []
  /// Rules that fail, each with what it says; and in how many windows one that failed has passed since.
  private var failing: [HealthRule: String] = [:]
  private var passed: [HealthRule: Int] = [:]
  /// Rules of which an earlier controller may have left an incident open.
  private var unknown = Set(HealthRule.allCases)
  private var toldStrangers = false

  /// Windows that the loss rules look at.
  private static let scoresMax = 40
  /// So many windows in a row have to pass before a rule that failed is over.
  private static let windowsToPass = 2

  init(registry: Registry, pipelineID: Int64, policy: HealthPolicy, logger: Logger) {
    (self.registry, self.pipelineID, self.policy, self.logger) = (registry, pipelineID, policy, logger)
  }

  private var frozen: Set<HealthRule> = []
  /// No version may be promoted for now.
  var isFrozen: Bool { !frozen.isEmpty }

  /// Looks at the newest window, if it is new.
  ///
  /// - Throws: `RegistryError`.
  mutating func look() async throws {
    // Asked several times a second: a checkpoint has much in it, and most often there is no new one.
    guard let number = try await registry.newestCheckpointNumber(pipeline: pipelineID), number != last?.checkpoint,
      let newest = try await registry.checkpoint(number)
    else { return }
    if last?.lineage != newest.lineage {
      let earlier = try await registry.checkpoints(pipeline: pipelineID, limit: Self.scoresMax)
      scores = earlier.filter { $0.id < newest.id && $0.lineage == newest.lineage }.map {
        HealthWindow.Score($0.window)
      }
    }
    let window = HealthWindow(
      layers: try await registry.layerHealth(checkpoint: newest.id), fields: newest.fields,
      score: HealthWindow.Score(newest.window), before: scores,
      lossShifts: newest.lossWatch?.shifts, isFirst: newest.parent == nil,
      baseline: try await baseline(of: newest))
    let findings = examine(window, policy: policy)
    try await bring(findings, of: newest)
    tellStrangers(findings)
    last = (newest.id, newest.lineage)
    scores.insert(window.score, at: 0)
    if scores.count > Self.scoresMax { scores.removeLast() }
  }

  private func baseline(of newest: CheckpointRecord) async throws -> [LayerHealth]? {
    guard let stable = try await registry.versions(pipeline: pipelineID).first(where: { $0.state == .stable }),
      stable.checkpoint != newest.id
    else { return nil }
    return try await registry.layerHealth(checkpoint: stable.checkpoint)
  }

  private mutating func bring(_ findings: [HealthFinding], of checkpoint: CheckpointRecord) async throws {
    for rule in HealthRule.allCases {
      let all = findings.filter { $0.rule == rule.rawValue }
      let failed = all.filter { $0.verdict == .fail }
      if !failed.isEmpty {
        try await fail(rule, failed, of: checkpoint)
      } else if all.contains(where: { $0.verdict == .pass }) {
        try await pass(rule)
      }
    }
  }

  private mutating func fail(
    _ rule: HealthRule, _ failed: [HealthFinding], of checkpoint: CheckpointRecord
  ) async throws {
    let actions = failed.compactMap(\.action)
    let sentence = failed.map(\.sentence).joined(separator: "; ")
    let isFrozen = actions.contains(where: \.freezes)
    let severity: IncidentDraft.Severity =
      actions.contains(.page) ? .error : actions.allSatisfy { $0 == .note } ? .notice : .warning
    let (layer, feature) = (failed.first { $0.feature == nil }?.layer, failed.compactMap(\.feature).first)
    let draft = IncidentDraft(
      kind: rule.rawValue, severity: severity, layer: layer == HealthFinding.stream ? nil : layer, feature: feature,
      step: checkpoint.step,
      details: IncidentDraft.details([
        "reason": sentence, "checkpoint": String(checkpoint.id),
        "action": HealthAction.allCases.filter(actions.contains).map(\.rawValue).joined(separator: ", "),
      ]))
    try await registry.openTrouble(pipeline: pipelineID, draft)
    unknown.remove(rule)
    passed[rule] = 0
    let wasFrozen = frozen.contains(rule)
    if isFrozen { frozen.insert(rule) } else { frozen.remove(rule) }
    let isNew = failing.updateValue(sentence, forKey: rule) == nil
    guard isNew || isFrozen != wasFrozen else { return }
    let facts: [LogKey: LogValue] = [
      .rule: LogValue(rule.rawValue), .step: LogValue(checkpoint.step), .reason: LogValue(sentence),
    ]
    // What asks nobody to act is no warning.
    if severity == .notice { return logger.notice("a health rule fails, which nobody has to act on", facts) }
    logger.warning(isFrozen ? "a health rule fails; nothing is promoted meanwhile" : "a health rule fails", facts)
  }

  private mutating func pass(_ rule: HealthRule) async throws {
    if unknown.contains(rule) {
      try await registry.closeTroubles(pipeline: pipelineID, kind: rule.rawValue)
      unknown.remove(rule)
    }
    guard let sentence = failing[rule] else { return }
    passed[rule, default: 0] += 1
    guard passed[rule, default: 0] >= Self.windowsToPass else { return }
    try await registry.closeTroubles(pipeline: pipelineID, kind: rule.rawValue)
    failing[rule] = nil
    frozen.remove(rule)
    logger.notice("over, a health rule passes again", [.rule: LogValue(rule.rawValue), .reason: LogValue(sentence)])
  }

  /// A setting of a layer or a feature that there is none of does nothing: once, with what there is.
  private mutating func tellStrangers(_ findings: [HealthFinding]) {
    guard !toldStrangers, !findings.isEmpty else { return }
    toldStrangers = true
    for remark in policy.remarks(on: findings) {
      logger.warning("a setting of health.rules does nothing", [.reason: LogValue(remark)])
    }
  }
}

extension HealthWindow.Score {
  /// What a window's predictions came to.
  package init(_ metrics: StreamMetrics) {
    self.init(
      records: metrics.records, loss: metrics.meanLoss, priorLoss: metrics.priorLoss,
      calibrationError: metrics.calibration)
  }
}
