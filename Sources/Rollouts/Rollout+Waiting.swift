public import Foundation
import Vocabulary

extension Rollout {
  /// What `version` waits for, or is on watch for, as the end of a sentence; nil: for nothing.
  ///
  /// - Parameters:
  ///   - versions: Those in play.
  ///   - freeze: What a person said; nil: versions are promoted.
  public static func waits(
    _ version: VersionFacts, _ evidence: CandidateEvidence, among versions: [VersionFacts], policy: RolloutPolicy,
    freeze: Freeze? = nil, now: Date
  ) -> String? {
    let anchor = anchor(among: versions)
    if version.state == .stable {
      guard !version.isConfirmed, let anchor, anchor.number != version.number else { return nil }
      return "serves on watch: " + judgePairs(evidence, anchor: anchor.number, policy: policy).reason
    }
    guard version.state.isUndecided || version.state == .canary else { return nil }
    let judgement = judge(evidence, anchor: anchor?.number, policy: policy)
    guard judgement.verdict == .inconclusive else {
      if judgement.verdict == .pass {
        if let freeze { return "\(judgement.reason); it waits, \(freeze.sentence)" }
        if let until = coolsUntil(versions, policy), until > now {
          return "\(judgement.reason); it waits until \(until.formatted(.iso8601)), for a version was rolled back"
        }
      }
      guard version.state == .canary else { return nil }
      let place = "is the canary with \(short(version.share * 100)) % of live requests, and \(judgement.reason)"
      return place + (obstacle(version, evidence, policy: policy).map { "; it \($0)" } ?? "")
    }
    if policy.onInconclusive == .hold, let most = policy.durationMax,
      now.timeIntervalSince(version.since) >= most.seconds
    {
      return "is held until it is decided or a person promotes one: it \(judgement.reason)"
    }
    guard policy.lane == .fast, let anchor, version.state != .canary, judgement.rule != .slice else {
      return judgement.reason
    }
    let trend = judgeTrend(evidence, anchor: anchor.number, policy: policy)
    return trend.verdict == .inconclusive ? trend.reason : judgement.reason
  }
}
