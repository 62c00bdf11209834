import Foundation
import Pipelines
import Registry
import Rollouts
import Telemetry
import Vocabulary

/// Has training go back to before a harm, where a rule of health or the rollback of the version that serves asks for it; so often
/// within a day at most, and not soon after the last time, so that it cannot go in circles. Where it may not, or a person wants to be
/// asked, an incident says which command does it.
struct Rewinder {
  private let pipelineID: Int64
  private let logger: Logger

  /// Within a day, and between two.
  static let (dailyMax, coolDown) = (3, Duration.seconds(600))
  static let kind = "rewind_asked"
  static var actor: String { RolloutActor.controller.description }

  init(pipelineID: Int64, logger: Logger) { (self.pipelineID, self.logger) = (pipelineID, logger) }

  /// Once a spell, whoever went back since it began.
  func follow(_ spells: [HealthSpell], _ registry: Registry) async throws {
    let wanted = spells.filter(\.wantsRewind)
    guard !wanted.isEmpty else { return }
    let day = try await rewinds(registry)
    let open = wanted.filter { spell in !day.contains { $0.begunAt > spell.openedAt } }
    guard !open.isEmpty else { return }
    let reason = open.map(\.reason).joined(separator: "; ")
    // The way back is looked for where it may be gone: of a long history that takes its time, and a spell is looked at each second.
    if let sentence = Self.obstacle(day) {
      return try await ask("\(sentence): \(reason)", "retrainctl rewind", registry)
    }
    let plan: RewindPlan
    do { plan = try await registry.rewindPlan(pipeline: pipelineID, to: .harm) } catch let error as RegistryError
      where error.code == .refused
    {
      return try await ask("training should go back, for \(reason); but \(error.message)", nil, registry)
    }
    try await go(plan, reason, registry)
  }

  /// The version that served was rolled back: what is learned goes on from it, and may have the same harm.
  ///
  /// - Parameter setting: What is to be done.
  func follow(
    _ decisions: [RolloutDecision], _ versions: [VersionRecord], _ setting: RolloutSettings.Rewind, _ registry: Registry
  ) async throws {
    guard setting != .never, let rolledBack = decisions.first(where: { $0.from == .stable && $0.to == .rolledBack }),
      let back = decisions.first(where: { $0.to == .stable }),
      let bad = versions.first(where: { $0.number == rolledBack.version }),
      let good = versions.first(where: { $0.number == back.version }),
      let end = try await registry.checkpoint(bad.checkpoint)
    else { return }
    let ends = Dictionary(end.progress.map { ($0.partition, $0.nextOffset) }) { first, _ in first }
    let list = ends.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",")
    let reason = "version \(bad.number) was rolled back to version \(good.number): \(rolledBack.reason)"
    let command = "retrainctl rewind --to \(good.checkpoint) --until \(list)"
    let plan: RewindPlan
    do {
      plan = try await registry.rewindPlan(pipeline: pipelineID, to: .checkpoint(good.checkpoint), until: ends)
    } catch let error as RegistryError where error.code == .refused {
      // What is learned does not come from there, or nothing from before is kept.
      return logger.notice("nothing to rewind after a rollback", [.reason: LogValue(error.message)])
    }
    guard setting == .auto else { return try await ask(reason, command, registry) }
    if let sentence = Self.obstacle(try await rewinds(registry)) {
      return try await ask("\(sentence): \(reason)", command, registry)
    }
    try await go(plan, reason, registry)
  }

  private func rewinds(_ registry: Registry) async throws -> [LineageRecord] {
    try await registry.lineages(
      pipeline: pipelineID, kind: .rewind, actor: Self.actor, within: .seconds(86_400))
  }

  /// Why it does not go back by itself once more.
  private static func obstacle(_ day: [LineageRecord]) -> String? {
    if day.count >= dailyMax { return "training went back \(day.count) times within a day already, and should again" }
    if let last = day.first, Date().timeIntervalSince(last.begunAt) < coolDown.seconds {
      return "training went back less than ten minutes ago, and should again"
    }
    return nil
  }

  private func go(_ plan: RewindPlan, _ reason: String, _ registry: Registry) async throws {
    let lineage = try await registry.beginLineage(
      pipeline: pipelineID,
      from: LineageOrigin(
        .rewind, checkpoint: plan.origin.id, skips: plan.stretch, actor: Self.actor, reason: reason))
    logger.warning("training goes back to before the harm", [.reason: LogValue(lineage.sentence)])
  }

  /// Until a lineage begins, or somebody says that it is over.
  private func ask(_ reason: String, _ command: String?, _ registry: Registry) async throws {
    let sentence =
      reason + (command.map { "; '\($0)' does it, and 'retrainctl rewind --dry-run' tells what that would be" } ?? "")
    let known = try await registry.openTroubles(pipeline: pipelineID, kinds: [Self.kind])
    guard known.isEmpty else { return }
    try await registry.openTrouble(
      pipeline: pipelineID,
      IncidentDraft(kind: Self.kind, severity: .warning, details: IncidentDraft.details(["reason": sentence])))
    logger.warning("training should go back to before the harm; a person is asked", [.reason: LogValue(sentence)])
  }
}
