import Evaluation
import Foundation
import Health
import Rollouts
import Vocabulary

let noon = Date(timeIntervalSince1970: 1_700_000_000)

/// A version; retired ones were stable unless the test says otherwise, and a canary has a tenth of the requests.
func version(
  _ number: Int64, _ state: VersionState, secondsAgo: Double = 0, wasStable: Bool? = nil, wasRolledBack: Bool? = nil,
  share: Double? = nil, sharedSecondsAgo: Double? = nil
) -> VersionFacts {
  VersionFacts(
    number: number, state: state, since: noon.addingTimeInterval(-secondsAgo), checkpoint: number * 10,
    wasStable: wasStable ?? [.stable, .retired, .rolledBack].contains(state),
    wasRolledBack: wasRolledBack ?? (state == .rolledBack), share: share ?? (state == .canary ? 0.1 : nil),
    sharedSince: sharedSecondsAgo.map { noon.addingTimeInterval(-$0) })
}

/// Pairs whose differences have the given mean and a standard deviation of 0.1, exactly.
func pairs(_ count: Int, mean: Double) -> PairedDifference {
  var difference = PairedDifference()
  for place in 0..<count { difference.add(candidate: 1 + mean + (place % 2 == 0 ? 0.1 : -0.1), baseline: 1) }
  return difference
}

func compared(_ count: Int = 4000, mean: Double, with stable: Int64) -> CandidateEvidence {
  CandidateEvidence(
    records: Int64(count), meanLoss: 0.4, priorLoss: 0.5, comparison: pairs(count, mean: mean), comparedWith: stable)
}

func alone(_ records: Int64 = 4000, loss: Double) -> CandidateEvidence {
  CandidateEvidence(records: records, meanLoss: loss, priorLoss: 0.5)
}

let sick = CandidateEvidence(findings: [
  HealthFinding(rule: "saturated", layer: "hidden.0", observed: 0.2, threshold: 0.9, verdict: .pass),
  HealthFinding(rule: "dead_units", layer: "hidden.1", observed: 0.97, threshold: 0.9, verdict: .fail),
])

/// `5: stable → retired (replaced)` for each decision.
func lines(_ decisions: [RolloutDecision]) -> [String] {
  decisions.map { "\($0.version): \($0.from.rawValue) → \($0.to.rawValue) (\($0.rule))" }
}
