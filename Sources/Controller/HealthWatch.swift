import Health
import Registry
import Rollouts
import Telemetry
import Vocabulary

/// Holds each window that the live run has learned against the rules: what fails is an incident until it passes again, and
/// freezes promotion, lowers the learning rate or wants the version before back where its action says so.
struct HealthWatch {
  let pipelineID: Int64
  let policy: HealthPolicy
  private let logger: Logger
  private var reader: WindowReader
  /// The checkpoint that was looked at last, whoever looked.
  private var last: Int64?
  /// What fails.
  private(set) var spells: [HealthSpell] = []
  /// What an earlier controller left is read.
  private var isAware = false
  private var rate: RateKeeper
  private let rewinder: Rewinder
  private var toldStrangers = false
  private var silenceLookedAt: ContinuousClock.Instant?

  /// Windows that are looked at in one go, where many have come; of more the newest.
  private static let windowsMax = 16
  /// Between two looks at how long no record has come.
  private static let silenceEvery = Duration.seconds(30)

  /// - Parameter topic: Where the pipeline's records come from.
  init(pipelineID: Int64, topic: String, policy: HealthPolicy, logger: Logger) {
    reader = WindowReader(pipelineID: pipelineID, topic: topic, limits: policy.limits)
    rate = RateKeeper(pipelineID: pipelineID, logger: logger)
    rewinder = Rewinder(pipelineID: pipelineID, logger: logger)
    (self.pipelineID, self.policy, self.logger) = (pipelineID, policy, logger)
  }

  /// No version may be promoted for now.
  var isFrozen: Bool { spells.contains(where: \.freezes) }
  /// Of the live run alone, for what is wrong with what it has learned: others learn the same records without it.
  var isFrozenForModel: Bool { isFrozen && spells.allSatisfy { !$0.freezes || $0.rule.isOfModel } }

  /// Why the version that serves has to make room for the one before it; nil: it has not to, or one has since the rule began to
  /// fail. What another version showed is nothing of this one's.
  func returnsFor(_ versions: [VersionRecord]) -> String? {
    guard let stable = versions.first(where: { $0.state == .stable }) else { return nil }
    let done = versions.filter { $0.state == .rolledBack }.map(\.since).max()
    let wanted = spells.filter { spell in
      spell.returning == stable.number && (done.map { $0 < spell.openedAt } ?? true)
    }
    return wanted.isEmpty ? nil : "made room, for " + wanted.map(\.reason).joined(separator: "; ")
  }

  /// What versions lost by their own frozen weights, window by window, up to the newest that was looked at.
  var versionWindows: VersionWindows { reader.versions }

  /// Looks at the windows that are new.
  ///
  /// - Throws: `RegistryError`.
  mutating func look(_ registry: Registry) async throws {
    if !isAware {
      last = try await registry.pipeline(pipelineID)?.healthSeen
      let open = try await registry.openTroubles(pipeline: pipelineID, kinds: HealthRule.allCases.map(\.rawValue))
      spells = open.compactMap { HealthSpell($0, policy) }
      isAware = true
    }
    // Asked several times a second: a checkpoint has much in it, and most often there is no new one.
    let numbers = try await registry.checkpointNumbers(pipeline: pipelineID, after: last, limit: Self.windowsMax)
    if !numbers.isEmpty { try await dropAccepted(registry) }
    for number in numbers {
      guard let checkpoint = try await registry.checkpoint(number) else { continue }
      let window = try await reader.window(of: checkpoint, in: registry)
      let findings = examine(window, policy: policy)
      try await bring(findings, of: checkpoint, columns: window.columns.map(\.column), registry)
      tellStrangers(findings)
    }
    try await rewinder.follow(spells, registry)
    if let before = silenceLookedAt {
      guard numbers.isEmpty else {
        // A checkpoint is only written where records came.
        silenceLookedAt = .now
        return try await end(.stalledStream, registry)
      }
      if before.duration(to: .now) < Self.silenceEvery { return }
    }
    try await lookAtSilence(registry)
    silenceLookedAt = .now
  }

  /// What began to fail between two windows.
  mutating func begin(
    _ rule: HealthRule, _ failed: [HealthFinding], of checkpoint: CheckpointRecord, _ registry: Registry
  ) async throws {
    let incident = try await registry.beginTrouble(
      pipeline: pipelineID, HealthSpell.draft(rule, failed, of: checkpoint))
    let spell = HealthSpell(rule, incident, failed)
    spells.append(spell)
    tell(spell, incident)
  }

  /// A rule passes again at once, where one window says all.
  mutating func end(_ rule: HealthRule, _ registry: Registry) async throws {
    for spell in spells where spell.rule == rule {
      try await registry.closeTrouble(spell.incident)
      spells.removeAll { $0.incident == spell.incident }
      tellEnd(of: spell)
    }
  }

  /// What a person said of an incident ends it.
  private mutating func dropAccepted(_ registry: Registry) async throws {
    guard !spells.isEmpty else { return }
    let open = try await registry.openTroubles(pipeline: pipelineID, kinds: HealthRule.allCases.map(\.rawValue))
    spells.removeAll { spell in !open.contains { $0.id == spell.incident } }
  }

  private mutating func bring(
    _ findings: [HealthFinding], of checkpoint: CheckpointRecord, columns: [RowColumn], _ registry: Registry
  ) async throws {
    // What fails halfway is done again from here, and comes to the same: nothing is taken over before all is written.
    var now = spells
    for rule in HealthRule.allCases {
      let all = findings.filter { $0.rule == rule.rawValue }
      for place in now.indices where now[place].rule == rule { now[place].take(all, columns: columns) }
      // What begins to fail in one window is one incident.
      let known = Set(now.filter { $0.rule == rule }.flatMap(\.passed.keys))
      let new = all.filter { $0.verdict == .fail && !known.contains($0.subject) }
      guard !new.isEmpty else { continue }
      let incident = try await registry.beginTrouble(pipeline: pipelineID, HealthSpell.draft(rule, new, of: checkpoint))
      let spell = HealthSpell(rule, incident, new)
      now.append(spell)
      tell(spell, incident)
    }
    for spell in now where spell.isOver || policy.actions(of: spell.rule) == [.off] {
      try await registry.closeTrouble(spell.incident, with: checkpoint.id)
      now.removeAll { $0.incident == spell.incident }
      tellEnd(of: spell)
    }
    let lowering = findings.filter { $0.verdict == .fail && $0.action == .lowerRate }
    try await rate.keep(
      isSick: !lowering.isEmpty, isOpen: now.contains { policy.actions(of: $0.rule).contains(.lowerRate) },
      reason: lowering.map(\.sentence).joined(separator: "; "), window: checkpoint.id, in: registry)
    try await registry.noteHealthSeen(checkpoint.id, pipeline: pipelineID)
    (spells, last) = (now, checkpoint.id)
  }

  private func tell(_ spell: HealthSpell, _ incident: IncidentRecord) {
    let facts: [LogKey: LogValue] = [
      .rule: LogValue(spell.rule.rawValue), .step: LogValue(incident.step ?? 0), .reason: LogValue(spell.reason),
    ]
    // What asks nobody to act is no warning.
    if incident.severity == .notice { return logger.notice("a health rule fails, which nobody has to act on", facts) }
    logger.warning(
      spell.freezes ? "a health rule fails; nothing is promoted meanwhile" : "a health rule fails", facts)
  }

  private func tellEnd(of spell: HealthSpell) {
    logger.notice(
      "over, a health rule passes again", [.rule: LogValue(spell.rule.rawValue), .reason: LogValue(spell.reason)])
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
