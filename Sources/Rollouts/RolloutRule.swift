/// The rules' names, as they stand in the journal.
public enum RolloutRule: String, Sendable, Hashable, Codable, CaseIterable {
  /// A parameter or an output is NaN or infinite.
  case nonFinite = "non_finite"
  /// A health rule failed.
  case health
  /// Too few records, or a comparison with another version than the stable one: nothing is decided.
  case evidence
  /// The loss against that of the best constant prediction; where there is no stable version.
  case beatsPrior = "beats_prior"
  /// The loss of its frozen weights against those of the version confirmed last, on the same records.
  case pairedLoss = "paired_loss"
  /// The same losses of late, whatever they were for long before: it has become worse than that version.
  case decline
  /// Its wrong answers, or what its area under the ROC curve lacks, against that version's on the same records.
  case guardRail = "guard_rail"
  /// Its loss or wrong answers on one slice of those records: it is good over all of them, or undecided, and nothing is done.
  case slice
  /// The learner's loss of late against that version's, with a look at the frozen weights: enough to serve on watch.
  case trend
  /// Live requests that it answered badly, which the version before did not.
  case slo
  /// Its answers to its share of live requests: they come more slowly, or fail more often, than the stable version's by more than is
  /// tolerated.
  case liveAnswers = "live_answers"
  /// Neither as good nor worse, after more pairs than it is worth waiting for.
  case undecided
  /// Its time at one share was over, and it is still as good: the canary gets the next larger one.
  case canaryStep = "canary_step"
  /// A newer version made this one superfluous.
  case superseded
  /// The stable version makes room for another one.
  case replaced
  /// The version to which a rollback returns.
  case rollbackTarget = "rollback_target"
  /// A person asked by name.
  case person
}
