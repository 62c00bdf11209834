import Vocabulary

/// What an incident of some kind means: what the service did by itself, what a person does, and where that is written down.
struct IncidentMeaning {
  var done: String
  var todo: String
  /// In deploy/runbooks.
  var runbook: String

  /// - Parameters:
  ///   - hasRecord: It names records.
  ///   - isFrozen: Nothing is promoted while it lasts.
  init(kind: String, hasRecord: Bool, isFrozen: Bool, isRule: Bool) {
    if isRule, let rule = HealthRule(rawValue: kind) {
      self.init(rule, isFrozen: isFrozen)
    } else {
      self.init(kind, hasRecord)
    }
  }

  private init(_ done: String, _ todo: String, _ runbook: String) {
    (self.done, self.todo, self.runbook) = (done, todo, runbook)
  }

  private init(_ rule: HealthRule, isFrozen: Bool) {
    let runbook =
      switch rule {
      case .nonFinite: "RetrainNonFiniteValues"
      case .deadUnits, .allZero, .zeroShare, .saturated: "RetrainDeadUnits"
      case .explodingGradient, .gradientShift, .updateShift, .lossDrift, .lossSpike, .diverging, .lossNotDecreasing,
        .lossApart:
        "RetrainLossDiverging"
      case .calibration: "RetrainCalibrationOff"
      case .missingFeature, .featureGone, .unknownValues, .clippedValues, .wildValues, .normalizerStalled:
        "RetrainFeatureDrift"
      default: "RetrainIncidentOpen"
      }
    self.init(
      isFrozen
        ? "Learning goes on, and no version is promoted while the rule fails; it is over when two windows in a row pass."
        : "Learning and promotion go on; it is over when two windows in a row pass.",
      "Look at 'retrainctl health'; what the rule asks is in 'retrainctl health --rules'.", runbook)
  }

  private init(_ kind: String, _ hasRecord: Bool) {
    switch kind {
    case "non_finite" where hasRecord:
      self.init(
        "The record was taken out of its step and written to the dead-letter topic, the rest of the step was learned; nothing of "
          + "it reached a weight, a checkpoint or a reply.",
        "If a producer sends such values, bound the feature with 'clip' in the pipeline file, and tell the producer.",
        "RetrainRecordsQuarantined")
    case "non_finite":
      self.init(
        "The update was not made: the weights are as they were, and the step's records count as rejected.",
        "Lower 'learning_rate' or set 'clip_global_norm' where it happens again.", "RetrainNonFiniteValues")
    case "records_lost":
      self.init(
        "Learning went on behind them, as --skip-lost allows; 'retrainctl audit' counts them as lost.",
        "Give the topic a longer retention, or the pipeline more workers, so that it is read in time.",
        "RetrainLagGrows")
    case "dead_letters_lost":
      self.init(
        "The records count as rejected, and learning goes on.", "Give the dead-letter topic room for what is rejected.",
        "RetrainDeadLettersLost")
    case "pipeline_edited":
      self.init(
        "Nothing went wrong: the model goes on with the new file, and what was edited is kept here.", "Nothing.",
        "RetrainIncidentOpen")
    case "lineage_begun":
      self.init(
        "Nothing went wrong: the model began anew; what was learned before is kept.", "Nothing.", "RetrainIncidentOpen")
    case "not_compared":
      self.init(
        "The stable version goes on serving; no new one is compared with it.", "'retrainctl promote N' decides.",
        "RetrainNoStableVersion")
    case "exchange_tampered":
      self.init(
        "The exchange was ended, and nothing of it was learned; the group forms anew.",
        "Find out who writes to the workers' connections.", "RetrainIncidentOpen")
    case "replica_diverged":
      self.init(
        "The worker whose state differs takes that of the others, or all go back to the newest checkpoint: the reason says.",
        "Once is a flipped bit; where it is the same machine again, take it out.", "RetrainStateDiverged")
    case "state_not_restored":
      self.init(
        "Learning goes on with what the model holds.",
        "Start the worker on another machine, or the version of the program before.",
        "RetrainStateDiverged")
    case "diverging":
      self.init("Learning goes on.", "Lower 'learning_rate' or set 'clip_global_norm'.", "RetrainLossDiverging")
    case "worker_waits":
      self.init(
        "That worker waits and learns nothing; the others go on.",
        "Start the pipeline with the file that the worker has, or the "
          + "worker with the registered one.", "RetrainWorkersGone")
    case _ where kind.hasPrefix("database_"):
      self.init(
        "Workers go on from memory, and save as soon as the database takes it.", "See to the database.",
        "RetrainCheckpointOld")
    case _ where kind.hasPrefix("broker") || kind == "topic_missing":
      self.init(
        "Workers keep what they have learned, and read on as soon as the broker gives records.", "See to the broker.",
        "RetrainNothingLearned")
    default:
      self.init("Learning goes on as far as it can.", "What the incident says.", "RetrainIncidentOpen")
    }
  }
}
