import Foundation
import Health
import Registry
import Rollouts
import Vocabulary

/// What a look at a stream between two checkpoints comes to.
enum StreamSight {
  /// Workers wait, and nothing waits for them.
  case silent(StreamSilence)
  /// Records wait, or nobody is to learn any.
  case notSilent
  /// Something else is wrong, or on its way: whatever was said of the stream stays.
  case unknown
}

// No window ends while no record comes, so silence is looked at by itself.
extension HealthWatch {
  /// How far back silences are looked for.
  private static let lookback = Duration.seconds(28 * 86_400)
  /// A worker that was not heard of for so long says nothing.
  private static let workerSilence = Duration.seconds(5)
  /// After less than that it is no silence, and what was before need not be looked through: a checkpoint has come just now.
  private static let silenceLeast = Duration.seconds(60)
  /// What goes on and is the cause, if it is one: all but what rules say.
  private static let otherTroubles = IncidentKind.names.filter {
    HealthRule(rawValue: $0) == nil
      && !["rate_lowered", Freeze.incidentKind, "slo_page", "slo_ticket", "split_mismatch"].contains($0)
  }

  /// Holds the silence since the newest checkpoint against the rule, which is over as soon as records come again.
  mutating func lookAtSilence(_ registry: Registry) async throws {
    let findings: [HealthFinding]
    switch try await sight(registry) {
    case .unknown: return
    case .notSilent: findings = []
    case .silent(let silence):
      var window = HealthWindow()
      window.silence = silence
      findings = examine(window, policy: policy)
    }
    let failed = findings.filter { $0.verdict == .fail }
    if failed.isEmpty { return try await end(.stalledStream, registry) }
    guard !spells.contains(where: { $0.rule == .stalledStream }),
      let newest = try await registry.newestCheckpoint(pipeline: pipelineID)
    else { return }
    try await begin(.stalledStream, failed, of: newest, registry)
  }

  private func sight(_ registry: Registry) async throws -> StreamSight {
    guard let record = try await registry.pipeline(pipelineID) else { return .unknown }
    guard record.desiredState == .running, record.halted == nil else { return .notSilent }
    let living = try await registry.members(pipeline: pipelineID, silence: Self.workerSilence)
    let statuses = living.compactMap(\.status)
    guard living.count >= record.desiredWorkers, statuses.count == living.count else { return .unknown }
    guard let newest = try await registry.newestCheckpoint(pipeline: pipelineID) else { return .unknown }
    if Date().timeIntervalSince(newest.createdAt) < Self.silenceLeast.seconds { return .notSilent }
    if statuses.contains(where: { $0.lag.contains { $0.records > 0 } }) { return .notSilent }
    let isTroubled = statuses.contains { !($0.troubles ?? []).isEmpty }
    guard !isTroubled, try await registry.openTroubles(pipeline: pipelineID, kinds: Self.otherTroubles).isEmpty,
      let silence = try await registry.silence(pipeline: pipelineID, lookback: Self.lookback)
    else { return .unknown }
    return .silent(silence)
  }
}
