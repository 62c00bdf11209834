public import Foundation
import Vocabulary

extension Rollout {
  /// What `version` waits for, or is on watch for, as the end of a sentence; nil: for nothing.
  ///
  /// - Parameters:
  ///   - versions: Those in play.
  ///   - freeze: What a person said; nil: versions are promoted.
  ///   - rules: Of health, which fail and let none be promoted, as the end of a sentence; nil: none does.
  public static func waits(
    _ version: VersionFacts, _ evidence: CandidateEvidence, among versions: [VersionFacts], policy: RolloutPolicy,
    freeze: Freeze? = nil, rules: String? = nil, now: Date
  ) -> String? {
    let anchor = anchor(among: versions)
    if version.state == .stable {
      guard !version.isConfirmed, let anchor, anchor.number != version.number else { return nil }
      return "serves on watch: " + judgePairs(evidence, anchor: anchor.number, policy: policy, serves: true).reason
    }
    guard version.state.isUndecided || version.state == .canary else { return nil }
    let judgement = judge(evidence, anchor: anchor?.number, policy: policy)
    switch judgement.verdict {
    case .pass: return passed(version, judgement, evidence, among: versions, policy, freeze, rules, now: now)
    case .fail, .error: return judgement.reason
    case .inconclusive: break
    }
    if policy.onInconclusive == .hold, let most = policy.durationMax,
      now.timeIntervalSince(version.since) >= most.seconds
    {
      return "is held until it is decided or a person promotes one: it \(judgement.reason)"
    }
    guard policy.lane == .fast, let anchor, version.state != .canary, judgement.rule != .slice else {
      return judgement.reason
    }
    if let other = mistrusted(among: versions) {
      return judgement.reason
        + "; the fast lane let version \(other.number) in, which was rolled back, and is closed until a "
        + "version was promoted by its own pairs"
    }
    let trend = judgeTrend(evidence, anchor: anchor.number, policy: policy)
    return trend.verdict == .pass
      ? passed(version, trend, evidence, among: versions, policy, freeze, rules, now: now) : trend.reason
  }

  /// Of one whose evidence is good enough.
  private static func passed(
    _ version: VersionFacts, _ judgement: Judgement, _ evidence: CandidateEvidence, among versions: [VersionFacts],
    _ policy: RolloutPolicy, _ freeze: Freeze?, _ rules: String?, now: Date
  ) -> String {
    if let freeze { return "\(judgement.reason); it waits, \(freeze.sentence)" }
    if let rules { return "\(judgement.reason); it waits, as \(rules)" }
    if let until = coolsUntil(versions, policy), until > now {
      return "\(judgement.reason); it waits until \(until.formatted(.iso8601)), for a version was rolled back"
    }
    if version.state == .canary {
      let place = "is the canary with \(short(version.share * 100)) % of live requests, and \(judgement.reason)"
      let held = version.sharedSince.addingTimeInterval((policy.warmUp + policy.hold).seconds)
      let more =
        obstacle(version, evidence, policy: policy)
        ?? (held > now ? "is held at that share until \(held.formatted(.iso8601))" : nil)
      return place + (more.map { "; it \($0)" } ?? "")
    }
    if !policy.canary.isEmpty, let canary = versions.first(where: { $0.state == .canary }) {
      return "\(judgement.reason); it waits until version \(canary.number), the canary, is decided"
    }
    return "\(judgement.reason); it waits for the controller's next look"
  }
}
