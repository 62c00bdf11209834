import Evaluation
import Foundation
import Health
package import Pipelines
package import Registry
package import Rollouts
import Vocabulary

/// The versions in play, what is known of each, and what that makes of it at one moment.
package struct VersionStandings: Sendable {
  /// The newest first.
  package let versions: [VersionRecord]
  private(set) var evidence: [Int64: CandidateEvidence]
  let policy: RolloutPolicy
  /// What a person said; nil: versions are promoted.
  let freeze: Freeze?
  /// Rules of health that fail and let no version be promoted, as the end of a sentence; nil: none does.
  let rules: String?

  /// - Parameters:
  ///   - newest: The newest checkpoint, which says what frozen versions lost.
  ///   - windows: What they lost window by window; nil: they are read where a rule may condemn by it.
  /// - Throws: `RegistryError`.
  package init(
    of pipeline: Pipeline, _ pipelineID: Int64, newest: CheckpointRecord?, windows: VersionWindows? = nil,
    in registry: Registry
  ) async throws {
    policy = RolloutPolicy(pipeline.rollout, recordsPerSecond: newest?.recordsPerSecond)
    let health = HealthPolicy(pipeline)
    let collector = EvidenceCollector(
      registry: registry, pipelineID: pipelineID, policy: health, recordsMin: policy.recordsMin)
    freeze = try await registry.freeze(pipeline: pipelineID)
    rules = try await HealthSpell.freezing(pipelineID, HealthPolicy(pipeline), in: registry)
    versions = try await registry.versionsInPlay(pipeline: pipelineID)
    let facts = versions.map(\.facts)
    // What a rollback would return to is looked at as well, before it serves, and what served on watch.
    let others = [Rollout.rollbackTarget(among: facts), Rollout.confirming(among: facts)].compactMap { $0?.number }
    let isAlone = Rollout.anchor(among: facts) == nil
    let known = versions.filter { version in
      version.state.isUndecided || version.state.isServing || others.contains(version.number)
    }
    let replies = try await registry.serverOutputs(pipeline: pipelineID, versions: known.map(\.number))
    var evidence: [Int64: CandidateEvidence] = [:]
    for version in known {
      evidence[version.number] = try await collector.evidence(
        for: version, newest: newest, replies: replies[version.number], isAlone: isAlone)
    }
    var windows = windows
    if windows == nil, let newest, VersionWindows.mayCondemn(health) {
      windows = try await VersionWindows(upTo: newest, in: registry)
    }
    let target = Rollout.rollbackTarget(among: facts)?.number
    for (number, findings) in windows?.findings(health, target: target) ?? [:] {
      evidence[number]?.findings += findings
    }
    if let canary = versions.first(where: { $0.state == .canary }) {
      evidence[canary.number]?.traffic = try await Self.traffic(
        of: canary, answered: replies[canary.number]?.live ?? 0, pipelineID, in: registry)
    }
    self.evidence = evidence
  }

  /// A server that was not seen for so long is gone; they report every second.
  private static let silence = Duration.seconds(60)
  /// A server that deals by another share than the tables' for longer than that does not follow them.
  private static let following = Duration.seconds(30)

  private static func traffic(
    of canary: VersionRecord, answered: Int64, _ pipelineID: Int64, in registry: Registry
  ) async throws -> CanaryTraffic {
    let servers = try await registry.servers(pipeline: pipelineID, silence: silence)
    let hasSettled = Date().timeIntervalSince(canary.sharedSince) > following.seconds
    let dealing = servers.filter { server in
      server.split.map { $0.version == canary.number && ($0.share == canary.share || hasSettled) } ?? false
    }
    let answers = dealing.compactMap(\.answers).reduce(nil as SplitAnswers?) { sum, own in
      var all = sum ?? SplitAnswers()
      all.merge(own)
      return all
    }
    return CanaryTraffic(
      servers: servers.count, requests: max(0, answered - canary.liveBefore),
      splits: dealing.compactMap(\.split).map { CanaryTraffic.Split(canary: $0.canary, stable: $0.stable) },
      answers: answers)
  }

  /// Of live requests, where there is a canary; nil: none, as far as anybody can tell.
  var mismatch: (canary: Int64, CanaryTraffic.Mismatch)? {
    guard let canary = versions.first(where: { $0.state == .canary }) else { return nil }
    return evidence[canary.number]?.traffic?.mismatch(share: canary.share).map { (canary.number, $0) }
  }

  /// Adds what live requests say.
  mutating func note(_ breaches: [Int64: BurnRateFinding]) {
    for (number, breach) in breaches { evidence[number]?.breach = breach }
  }

  /// A version's own pairs, with bounds that hold at every look.
  package struct Comparison: Sendable {
    /// The version that it is held against.
    package let anchor: Int64
    package let pairs: Int64
    /// Of its loss minus the other's; −∞ … ∞ where there are too few.
    package let mean, lower, upper: Double
    /// How much worse it may be.
    package let tolerance: Double
    /// Slices of the records on which it may be worse, the worst first.
    package let slices: [MeasureComparison]
  }

  /// nil: there are none with the version confirmed last.
  package func comparison(of number: Int64) -> Comparison? {
    guard let anchor = Rollout.anchor(among: versions.map(\.facts))?.number, let evidence = evidence[number],
      let pairs = evidence.pairs(with: anchor)
    else { return nil }
    let loss = Rollout.lossComparison(evidence, pairs, policy: policy)
    return Comparison(
      anchor: anchor, pairs: pairs.count, mean: pairs.mean, lower: loss.lower, upper: loss.upper,
      tolerance: loss.margin,
      slices: Rollout.sliceComparisons(evidence, pairs, policy: policy))
  }

  /// Whether its frozen weights are asked about what comes.
  package func isScored(_ number: Int64) -> Bool {
    Rollout.scored(among: versions.map(\.facts)).contains { $0.number == number }
  }

  /// What a version waits for, or is on watch for, as the end of a sentence; nil: for nothing.
  package func waits(_ number: Int64) -> String? {
    let facts = versions.map(\.facts)
    guard let own = facts.first(where: { $0.number == number }), let evidence = evidence[number] else { return nil }
    return Rollout.waits(own, evidence, among: facts, policy: policy, freeze: freeze, rules: rules, now: .now)
  }
}
