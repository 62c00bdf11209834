import Vocabulary

/// What an incident of some kind means: what the service did by itself, and what a person does.
struct IncidentMeaning {
  var done: String
  var todo: String

  /// - Parameters:
  ///   - hasRecord: It names records.
  ///   - actions: What a rule of health did; nil: it is no incident of a rule.
  init(kind: String, hasRecord: Bool, actions: Set<HealthAction>?) {
    if let actions, let rule = HealthRule(rawValue: kind) {
      self.init(rule, actions)
    } else {
      self.init(kind, hasRecord)
    }
  }

  private init(_ done: String, _ todo: String) { (self.done, self.todo) = (done, todo) }

  private init(_ rule: HealthRule, _ actions: Set<HealthAction>) {
    var done: [String] = []
    if actions.contains(.rollBack) {
      done.append("the version whose answers show it makes room for the one before it, where it serves")
    }
    if actions.contains(where: \.retrains) {
      done.append("the stream is learned once more, in a run beside: the incident retrain_asked says how")
    }
    if actions.contains(.rewind) {
      done.append(
        "training goes back to before the harm, at most three times a day: the incidents lineage_begun tell of it")
    }
    if actions.contains(.lowerRate) { done.append("the learning rate was lowered, until the rule passes") }
    if actions.contains(.skipStep) { done.append("steps that show it are skipped, their records kept as dead letters") }
    done.append("learning goes on")
    done.append(
      actions.contains(where: \.freezes) ? "no version is promoted while the rule fails" : "so does promotion")
    let sentence = done.joined(separator: "; ")
    self.init(
      sentence.prefix(1).uppercased() + sentence.dropFirst() + ". It is over when two windows in a row pass.",
      Self.todo(rule))
  }

  private static func todo(_ rule: HealthRule) -> String {
    let remedy: String? =
      switch rule {
      case .deadUnits, .allZero, .zeroShare:
        "Units that are dead stay so: 'activation: leaky_relu', a lower 'learning_rate' or 'normalization: layer_norm', with a new "
          + "lineage."
      case .vanishingGradient:
        "'activation: gelu', 'residual: true', 'normalization: layer_norm' or fewer layers, with a new lineage."
      case .explodingGradient, .lossSpike, .diverging, .updateRatio:
        "Lower 'learning_rate' or set 'clip_global_norm'."
      case .saturated, .tailMass:
        "'normalize: standard' for the features, 'normalization: layer_norm' or another activation, with a new lineage."
      case .wildValues: "Bound the feature with 'clip' in the pipeline file, and tell the producer."
      case .hotSpot: "'retrainctl profile FILE --swap all' says what a step would take with other activations."
      default: nil
      }
    return [remedy, "Look at 'retrainctl health'; what the rule asks is in 'retrainctl health --rules'."]
      .compactMap(\.self).joined(separator: " ")
  }

  private init(_ kind: String, _ hasRecord: Bool) {
    switch kind {
    case "non_finite" where hasRecord:
      self.init(
        "The record was taken out of its step and written to the dead-letter topic, the rest of the step was learned; nothing of "
          + "it reached a weight, a checkpoint or a reply.",
        "If a producer sends such values, bound the feature with 'clip' in the pipeline file, and tell the producer.")
    case "non_finite":
      self.init(
        "The update was not made: the weights are as they were, and the step's records count as rejected.",
        "Lower 'learning_rate' or set 'clip_global_norm' where it happens again.")
    case "records_lost":
      self.init(
        "Learning went on behind them, as --skip-lost allows; 'retrainctl audit' counts them as lost.",
        "Give the topic a longer retention, or the pipeline more workers, so that it is read in time.")
    case "dead_letters_lost":
      self.init(
        "The records count as rejected, and learning goes on.", "Give the dead-letter topic room for what is rejected.")
    case "pipeline_edited":
      self.init(
        "Nothing went wrong: the model goes on with the new file, and what was edited is kept here.", "Nothing.")
    case "lineage_begun":
      self.init(
        "Nothing went wrong: the model began anew, or goes on from where somebody said; what was learned before is kept.",
        "Nothing.")
    case "change_accepted":
      self.init(
        "Nothing went wrong: windows are held against what came since the change, from now on.", "Nothing.")
    case "not_compared":
      self.init(
        "The stable version goes on serving; no new one is compared with it.", "'retrainctl promote N' decides.")
    case "exchange_tampered":
      self.init(
        "The exchange was ended, and nothing of it was learned; the group forms anew.",
        "Find out who writes to the workers' connections.")
    case "replica_diverged":
      self.init(
        "The worker whose state differs takes that of the others, or all go back to the newest checkpoint: the reason says.",
        "Once is a flipped bit; where it is the same machine again, take it out.")
    case "skipped_step":
      self.init(
        "The step was not learned, as the rule of health asks: its records count as rejected and are kept as dead letters.",
        "Look at its records in the dead-letter topic; of what goes on, no more than three steps in a row are skipped.")
    case "rate_lowered":
      self.init(
        "Learning goes on at a lower rate, until the rule that asked for it passes again.",
        "Lower 'learning_rate' or set 'clip_global_norm' where it happens again.")
    case "rewind_asked":
      self.init(
        "Learning goes on from where it is, and what serves goes on serving; it is over when a lineage begins.",
        "The reason names the command; 'retrainctl rewind --dry-run' tells what it would do.")
    case "retrain_asked":
      self.init(
        "'start' begins a run beside the live one; its version competes with what serves.",
        "'retrainctl status' shows how far it is; 'retrainctl retrain --stop' ends it.")
    case "promotion_frozen":
      self.init(
        "Nothing is promoted meanwhile; learning, watching and rolling back go on.",
        "'retrainctl unfreeze' ends it before its time.")
    case "slo_page", "slo_ticket":
      self.init(
        "Where it is the doing of the version that serves, the one before came back: the journal says so under the rule slo. It is "
          + "over as soon as answers have been good for the short window.",
        "Look at the servers' logs; 'retrainctl rollback' returns to the version before by hand.")
    case "split_mismatch":
      self.init(
        "The canary is held at its share, and not promoted by itself: what was measured on its requests is not of requests like the "
          + "others. It is over when the canary has another share, or is none any more.",
        "Look at the servers' logs for what the canary fails at; 'retrainctl reject N' ends it, 'retrainctl promote N' overrules."
      )
    case "state_not_restored":
      self.init(
        "Learning goes on with what the model holds.",
        "Start the worker on another machine, or the version of the program before.")
    case "diverging":
      self.init("Learning goes on.", "Lower 'learning_rate' or set 'clip_global_norm'.")
    case "worker_waits":
      self.init(
        "That worker waits and learns nothing; the others go on.",
        "Start the pipeline with the file that the worker has, or the "
          + "worker with the registered one.")
    case _ where kind.hasPrefix("database_"):
      self.init(
        "Workers go on from memory, and save as soon as the database takes it.", "See to the database.")
    case _ where kind.hasPrefix("broker") || kind == "topic_missing":
      self.init(
        "Workers keep what they have learned, and read on as soon as the broker gives records.", "See to the broker.")
    default:
      self.init("Learning goes on as far as it can.", "What the incident says.")
    }
  }
}
