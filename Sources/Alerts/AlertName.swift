import Vocabulary

/// What an incident is called as an alert: as in `deploy/prometheus`, where there is such a one.
package struct AlertName: Sendable, Hashable {
  package let name: String
  /// What it is about, in a few words that are the same for all of its kind.
  package let summary: String
  /// What to do, in the repository.
  package let runbook: String

  /// - Parameters:
  ///   - kind: Of the incident.
  ///   - isLasting: It goes on until it is over, rather than having happened in a moment.
  package init(kind: String, isLasting: Bool) {
    runbook = "deploy/runbooks/\(IncidentKind.runbook(kind, isLasting: isLasting)).md"
    if let known = Self.known["\(kind) \(isLasting)"] {
      (name, summary) = known
      return
    }
    name = "Retrain" + kind.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    summary = kind.split(separator: "_").joined(separator: " ")
  }

  private static let known: [String: (name: String, summary: String)] = [
    "non_finite true": ("RetrainNonFiniteValues", "numbers that are not finite"),
    "non_finite false": (
      "RetrainRecordsQuarantined", "records that made numbers non-finite were taken out; all others were learned"
    ),
    "diverging true": ("RetrainLossDiverging", "what is learned does harm"),
    "halted true": ("RetrainHalted", "the lineage was halted: nothing is learned until a person has looked"),
    "calibration true": ("RetrainCalibrationOff", "probabilities are off"),
    "dead_units true": ("RetrainDeadUnits", "units of a layer are zero whatever comes"),
    "dead_letters_lost false": ("RetrainDeadLettersLost", "refused records did not get into the dead-letter topic"),
    "feature_drift true": ("RetrainFeatureDrift", "a feature is spread otherwise than it was"),
    "replica_diverged true": (
      "RetrainStateDiverged", "two workers that ought to hold the same model did not: a bit has flipped somewhere"
    ),
  ]

  /// The names of all that are alerts of `deploy/prometheus` too.
  package static var shared: [String] { known.values.map(\.name).sorted() }
}
