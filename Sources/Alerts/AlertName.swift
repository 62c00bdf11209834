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
    if let known = Self.known["\(kind) \(isLasting)"] {
      (name, summary) = known
      runbook = Self.folder + name + ".md"
      return
    }
    name = "Retrain" + kind.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    summary = kind.split(separator: "_").joined(separator: " ")
    runbook = Self.folder + (Self.drifts.contains(kind) ? "RetrainFeatureDrift.md" : "RetrainIncidentOpen.md")
  }

  private static let folder = "deploy/runbooks/"
  /// What features, labels and what they have to do with each other have become.
  private static let drifts: Set = [
    "unit_change", "feature_constant", "feature_gone", "label_drift", "prediction_drift", "concept_drift", "loss_drift",
  ]

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
