import Evaluation
import Foundation
import Vocabulary

extension Rollout {
  /// Whether a version may serve on watch before its own pairs say whether it is as good: the learner, of which it is a picture,
  /// was so of late, and what there is of its own pairs does not speak against it.
  ///
  /// Two standard errors, once the learner's pairs are enough; no bound for every look, for it is looked at for each version anew.
  ///
  /// It is no verdict on the version: one that was ruined when it was written down has the learner's trend too. That its own pairs
  /// go on, and that the version confirmed last is held ready, makes it safe.
  ///
  /// - Parameter anchor: The version confirmed last.
  static func judgeTrend(_ evidence: CandidateEvidence, anchor: Int64, policy: RolloutPolicy) -> Judgement {
    guard let trend = evidence.trend, evidence.trendOver == anchor, trend.count >= policy.recordsMin else {
      let known = evidence.trendOver == anchor ? evidence.trend?.count ?? 0 : 0
      return waiting(for: "pairs of the learner with version \(anchor)", records: known, policy)
    }
    let most = policy.tolerance(for: evidence)
    let spread = 2 * trend.standardError
    let (lower, upper) = (trend.mean - spread, trend.mean + spread)
    let window = "\(trend.count) pairs of the learner"
    func say(_ verdict: Verdict, _ reason: String) -> Judgement {
      Judgement(
        verdict: verdict, rule: .trend, observed: upper, threshold: most, window: window, reason: reason)
    }
    let between =
      "the learner's loss of late minus that of version \(anchor) lies between \(short(lower)) and \(short(upper))"
    guard upper <= most else {
      let look = evidence.pairs(with: anchor).flatMap { $0.count >= RolloutPolicy.pairsOnEntry ? "; \($0.look)" : nil }
      return say(.inconclusive, "waits for more records: \(between)" + (look ?? ""))
    }
    if evidence.isLast { return say(.pass, "serves on watch: \(between), and no record came after it") }
    guard let own = evidence.pairs(with: anchor), own.count >= RolloutPolicy.pairsOnEntry else {
      return waiting(
        for: "pairs with version \(anchor)", records: evidence.pairs(with: anchor)?.count ?? 0, policy,
        of: RolloutPolicy.pairsOnEntry)
    }
    guard own.nonFinite == 0, !own.looksWorse(than: most) else {
      return say(.inconclusive, "waits for more records: \(between), but \(own.look)")
    }
    return say(.pass, "serves on watch: \(between); \(own.look)")
  }

  /// Why the fast lane does not wait for a version any longer: its own pairs do not look as if it were as good. nil: they do, or they
  /// are not enough to say so.
  static func judgeFirstLook(_ evidence: CandidateEvidence, anchor: Int64, policy: RolloutPolicy) -> Judgement? {
    let most = policy.tolerance(for: evidence)
    guard let own = evidence.pairs(with: anchor), own.count >= RolloutPolicy.pairsOnEntry, own.looksWorse(than: most)
    else { return nil }
    return Judgement(
      verdict: .inconclusive, rule: .undecided, observed: own.mean, threshold: most, window: "\(own.count) pairs",
      reason: "does not look as good as version \(anchor): \(own.look), around a tolerance of \(short(most))")
  }

  /// Whether the version before the stable one is better than it by more than is tolerated; nil: it is not, or nobody knows.
  ///
  /// - Parameter evidence: Of the version before, held against the stable one.
  static func judgeTarget(
    _ evidence: CandidateEvidence, target: Int64, stable: Int64, _ policy: RolloutPolicy
  ) -> Judgement? {
    guard let pairs = evidence.pairs(with: stable), pairs.count >= policy.recordsMin else { return nil }
    let most = policy.tolerance(for: evidence)
    // Two ways of looking, each with half of the error.
    if let decline = evidence.decline, decline.isTold(alpha: (1 - policy.confidence) / 2) {
      return Judgement(
        verdict: .fail, rule: .decline, observed: decline.began?.since, threshold: decline.margin,
        window: "\(pairs.count) pairs", reason: decline.sentence(beside: target))
    }
    let (lower, upper) = policy.bounds(of: pairs, confidence: policy.confidence)
    guard upper < -most else { return nil }
    return Judgement(
      verdict: .fail, rule: .pairedLoss, observed: -upper, threshold: most, window: "\(pairs.count) pairs",
      reason: "has become worse than version \(target): its loss minus that of version \(target) lies between "
        + "\(short(-upper)) and \(short(-lower)), beyond a tolerance of \(short(most))")
  }
}

extension PairedDifference {
  fileprivate var standardError: Double { (variance / Double(count)).squareRoot() }

  /// By more than a standard error beyond `most`.
  fileprivate func looksWorse(than most: Double) -> Bool { mean > most + standardError }

  fileprivate var look: String {
    "its own first \(count) pairs have a mean of \(Rollout.short(mean)) ± \(Rollout.short(standardError))"
  }
}
