import JSON
import Rollouts

/// The evidence of a round of decisions, as the journal keeps it.
enum EvidenceText {
  /// A JSON object by version number; only versions that a decision is about.
  static func json(_ evidence: [Int64: CandidateEvidence], for decisions: [RolloutDecision]) throws -> String {
    let concerned = Set(decisions.map(\.version))
    let kept = Dictionary(
      uniqueKeysWithValues: evidence.filter { concerned.contains($0.key) }.map { (String($0.key), $0.value.brief) })
    return try JSONText.canonical(kept)
  }
}
