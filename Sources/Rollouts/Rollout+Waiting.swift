import Vocabulary

extension Rollout {
  /// What `version` waits for, or is on watch for, as the end of a sentence; nil: for nothing.
  public static func waits(
    _ version: VersionFacts, _ evidence: CandidateEvidence, among versions: [VersionFacts], policy: RolloutPolicy
  ) -> String? {
    let anchor = anchor(among: versions)
    if version.state == .stable {
      guard !version.isConfirmed, let anchor, anchor.number != version.number else { return nil }
      return "serves on watch: " + judgePairs(evidence, anchor: anchor.number, policy: policy).reason
    }
    guard version.state.isUndecided || version.state == .canary else { return nil }
    let judgement = judge(evidence, anchor: anchor?.number, policy: policy)
    guard judgement.verdict == .inconclusive else {
      return version.state == .canary ? "is the canary, and \(judgement.reason)" : nil
    }
    guard policy.lane == .fast, let anchor, version.state != .canary else { return judgement.reason }
    let trend = judgeTrend(evidence, anchor: anchor.number, policy: policy)
    return trend.verdict == .inconclusive ? trend.reason : judgement.reason
  }
}
