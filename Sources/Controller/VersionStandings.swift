import Health
package import Pipelines
package import Registry
import Rollouts

/// The versions in play, what is known of each, and what that makes of it at one moment.
package struct VersionStandings: Sendable {
  /// The newest first.
  package let versions: [VersionRecord]
  let evidence: [Int64: CandidateEvidence]
  let policy: RolloutPolicy

  /// - Parameters:
  ///   - newest: The newest checkpoint, which says what frozen versions lost.
  ///   - isLast: Nobody looks after this look.
  /// - Throws: `RegistryError`.
  package init(
    of pipeline: Pipeline, _ pipelineID: Int64, newest: CheckpointRecord?, isLast: Bool = false, in registry: Registry
  ) async throws {
    policy = RolloutPolicy(pipeline.rollout, recordsPerSecond: newest?.recordsPerSecond)
    let collector = EvidenceCollector(
      registry: registry, pipelineID: pipelineID, policy: HealthPolicy(pipeline), recordsMin: policy.recordsMin)
    versions = try await registry.versionsInPlay(pipeline: pipelineID)
    let facts = versions.map(\.facts)
    // What a rollback would return to is looked at as well, before it serves.
    let target = Rollout.rollbackTarget(among: facts)
    let isAlone = Rollout.anchor(among: facts) == nil
    var evidence: [Int64: CandidateEvidence] = [:]
    for version in versions
    where version.state.isUndecided || version.state.isServing || version.number == target?.number {
      var known = try await collector.evidence(for: version, newest: newest, isAlone: isAlone)
      known.isLast = known.isLast || isLast && version.checkpoint == newest?.id
      evidence[version.number] = known
    }
    self.evidence = evidence
  }

  /// What a version waits for, or is on watch for, as the end of a sentence; nil: for nothing.
  package func waits(_ number: Int64) -> String? {
    let facts = versions.map(\.facts)
    guard let own = facts.first(where: { $0.number == number }), let evidence = evidence[number] else { return nil }
    return Rollout.waits(own, evidence, among: facts, policy: policy)
  }
}
