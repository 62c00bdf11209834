public import Evaluation
import Foundation
import Health
public import Vocabulary

/// What the evidence says about one version: pass, fail, or inconclusive with what is still missing.
public struct Judgement: Sendable, Hashable {
  public let verdict: Verdict
  public let rule: RolloutRule
  public let observed: Double?
  public let threshold: Double?
  public let window: String
  /// The end of a sentence that begins with "version N".
  public let reason: String
}

extension Rollout {
  /// Holds a version's evidence against the rules, the gravest first.
  ///
  /// A non-finite number or a failed health rule condemns at once. Loss is judged on enough records: against the version that was
  /// confirmed last on pairs of the two's frozen weights, by bounds that hold at every look; where there is none, against the best
  /// constant prediction.
  ///
  /// - Parameter anchor: The number of the version to beat; nil where there is none.
  public static func judge(_ evidence: CandidateEvidence, anchor: Int64?, policy: RolloutPolicy) -> Judgement {
    if let judgement = judgeNonFinite(evidence) ?? judgeHealth(evidence) ?? judgeServing(evidence)
      ?? judgeAnswers(evidence, policy)
    {
      return judgement
    }
    return anchor.map { judgePairs(evidence, anchor: $0, policy: policy) } ?? judgeAlone(evidence, policy: policy)
  }

  static func judgeNonFinite(_ evidence: CandidateEvidence) -> Judgement? {
    if let layer = evidence.nonFiniteParameter {
      return Judgement(
        verdict: .fail, rule: .nonFinite, observed: nil, threshold: nil, window: "parameters",
        reason: "has a NaN or infinite parameter in layer \(layer)")
    }
    guard evidence.nonFiniteOutputs > 0 else { return nil }
    return Judgement(
      verdict: .fail, rule: .nonFinite, observed: Double(evidence.nonFiniteOutputs), threshold: 0,
      window: window(evidence.records), reason: "gave \(evidence.nonFiniteOutputs) NaN or infinite outputs")
  }

  static func judgeServing(_ evidence: CandidateEvidence) -> Judgement? {
    guard let breach = evidence.breach else { return nil }
    return Judgement(
      verdict: .fail, rule: .slo, observed: breach.rate, threshold: breach.alert.factor,
      window: "\(breach.requests) requests",
      reason: "serves worse than the version before it: \(breach.sentence)")
  }

  private static func judgeHealth(_ evidence: CandidateEvidence) -> Judgement? {
    guard let finding = evidence.findings.first(where: \.condemns) else { return nil }
    return Judgement(
      verdict: .fail, rule: .health, observed: finding.observed, threshold: finding.threshold,
      window: window(evidence.records),
      reason: "failed the health rule \(finding.sentence)")
  }

  /// What its own frozen weights show, for which a version that serves has to make room.
  static func judgeOwnHealth(_ evidence: CandidateEvidence, of version: Int64) -> Judgement? {
    let finding = evidence.findings.first { finding in
      finding.verdict == .fail && finding.version == version && finding.action == .rollBack
    }
    return finding.map { finding in
      Judgement(
        verdict: .fail, rule: .health, observed: finding.observed, threshold: finding.threshold,
        window: "its answers in the newest window", reason: "failed the health rule \(finding.sentence)")
    }
  }

  /// - Parameters:
  ///   - evidence: Of any version but `anchor`.
  ///   - serves: It answers requests, on watch.
  static func judgePairs(
    _ evidence: CandidateEvidence, anchor: Int64, policy: RolloutPolicy, serves: Bool = false
  ) -> Judgement {
    guard let pairs = evidence.pairs(with: anchor) else {
      return waiting(for: "a comparison with version \(anchor)", records: 0, policy)
    }
    guard pairs.count >= policy.recordsMin else {
      return waiting(for: "pairs with version \(anchor)", records: pairs.count, policy)
    }
    let (family, comparisons) = comparisons(evidence, pairs, policy)
    let judged = FamilyJudgement(comparisons, family: family)
    let loss = comparisons[0]
    func say(_ observed: Double, _ reason: String, _ place: String) -> Judgement {
      let between =
        "its loss minus that of version \(anchor) lies between \(short(loss.lower)) and \(short(loss.upper))"
      return Judgement(
        verdict: judged.verdict, rule: .pairedLoss, observed: observed, threshold: loss.margin,
        window: "\(pairs.count) pairs", reason: "\(reason): \(between), \(place)")
    }
    let tolerance = "a tolerance of \(short(loss.margin))"
    switch judged.verdict {
    case .fail:
      if let guardRail = judged.decisive, guardRail.measure != .loss {
        return Judgement(
          verdict: .fail, rule: .guardRail, observed: guardRail.lower, threshold: guardRail.margin,
          window: "\(pairs.count) pairs", reason: "is worse than version \(anchor): \(guardRail.complaint)")
      }
      if let decline = evidence.decline, loss.lower <= loss.margin {
        return Judgement(
          verdict: .fail, rule: .decline, observed: decline.began?.since, threshold: decline.margin,
          window: "\(pairs.count) pairs", reason: decline.sentence(beside: anchor))
      }
      let since = evidence.decline?.beginning.map { "; \($0)" } ?? ""
      return say(loss.lower, "is worse than version \(anchor)", "beyond \(tolerance)\(since)")
    case .pass: return say(loss.upper, "is as good as version \(anchor) or better", "within \(tolerance)")
    case .inconclusive, .error:
      guard let worst = judged.decisive, let slice = worst.slice else {
        return say(pairs.mean, "waits for more records", "around \(tolerance)")
      }
      return Judgement(
        verdict: .inconclusive, rule: .slice, observed: worst.lower, threshold: worst.margin,
        window: "\(worst.pairs) pairs of \(slice)",
        reason: "\(judged.reason), against version \(anchor)" + (serves ? "" : "; it is not promoted by itself"))
    }
  }

  /// A version by its loss, with the bounds that decide.
  public static func lossComparison(
    _ evidence: CandidateEvidence, _ pairs: PairedDifference, policy: RolloutPolicy
  ) -> MeasureComparison { comparisons(evidence, pairs, policy, bySlice: false).1[0] }

  /// The slices of the records on which a version may be worse, the worst first.
  public static func sliceComparisons(
    _ evidence: CandidateEvidence, _ pairs: PairedDifference, policy: RolloutPolicy
  ) -> [MeasureComparison] {
    comparisons(evidence, pairs, policy).1.filter { $0.slice != nil }.sorted { $0.lower > $1.lower }
  }

  /// By loss first, which has to pass; the others are guard rails, and may only condemn. All share the error.
  private static func comparisons(
    _ evidence: CandidateEvidence, _ loss: PairedDifference, _ policy: RolloutPolicy, bySlice: Bool = true
  ) -> (Family, [MeasureComparison]) {
    let guardRails: [(ComparedMeasure, pairs: Int64, bounds: (Double) -> (lower: Double, upper: Double))] = [
      evidence.errors.map { (.error, $0.count, $0.confidenceSequence) },
      evidence.area.map { (.area, $0.blocks.count, $0.confidenceSequence) },
    ].compactMap(\.self)
    // To condemn wrongly and to promote wrongly is each as rare as the policy says.
    let family = Family(
      alpha: 2 * (1 - policy.confidence), measures: [.loss] + guardRails.map(\.0),
      slices: evidence.slices?.map(\.name) ?? [], slicesMax: evidence.slicesMax)
    // The loss is looked at in two ways then, each with half of its share of the error.
    let condemning = evidence.decline == nil ? family.condemningConfidence : (1 + family.condemningConfidence) / 2
    let own = MeasureComparison(
      measure: .loss, margin: policy.tolerance(for: evidence),
      lower: policy.bounds(of: loss, confidence: condemning).lower,
      upper: policy.bounds(of: loss, confidence: family.promotingConfidence).upper, pairs: loss.count,
      hasDeclined: evidence.decline?.isTold(alpha: (1 - condemning) / 2) ?? false,
      beganPairsAgo: evidence.decline?.began?.pairsAgo)
    let others = guardRails.map { measure, pairs, bounds in
      MeasureComparison(
        measure: measure, margin: RolloutPolicy.guardRail, lower: bounds(family.condemningConfidence).lower,
        upper: -.infinity, pairs: pairs)
    }
    let slices = bySlice ? sliceComparisons(evidence, family: family, policy: policy) : []
    return (family, [own] + others + slices)
  }

  private static func judgeAlone(_ evidence: CandidateEvidence, policy: RolloutPolicy) -> Judgement {
    guard let loss = evidence.meanLoss, let prior = evidence.priorLoss, evidence.records >= policy.recordsMin else {
      return waiting(for: "labelled records", records: evidence.records, policy)
    }
    let isBetter = loss < prior
    let comparison = "its loss of \(short(loss)) against \(short(prior))"
    return Judgement(
      verdict: isBetter ? .pass : .fail, rule: .beatsPrior, observed: loss, threshold: prior,
      window: window(evidence.records),
      reason: (isBetter ? "beats" : "does not beat") + " the best constant prediction: \(comparison)")
  }

  static func waiting(for what: String, records: Int64, _ policy: RolloutPolicy, of least: Int64? = nil) -> Judgement {
    let least = least ?? policy.recordsMin
    return Judgement(
      verdict: .inconclusive, rule: .evidence, observed: Double(records), threshold: Double(least),
      window: window(records), reason: "waits for \(what): \(records) of \(least)")
  }

  static func window(_ records: Int64) -> String { "\(records) records" }

  /// Four significant digits: enough to compare, short enough to read.
  static func short(_ value: Double) -> String { String(format: "%.4g", value) }
}

extension HealthFinding {
  /// Whether it keeps a version from being promoted: an older program's finding says nothing of its action, and did.
  fileprivate var condemns: Bool {
    verdict == .fail && (action.map(\.freezes) ?? true || rule == HealthRule.nonFinite.rawValue)
  }
}
