import Vocabulary

extension CheckpointSettings {
  static let section: Section<CheckpointSettings> = Section(
    doc: "When state becomes durable.",
    prototype: CheckpointSettings(),
    keys: [
      Key("every_steps", \.everySteps, .integer(1...1_000_000_000), "A checkpoint after this many steps ..."),
      Key(
        "every", \.every, .duration(.milliseconds(100) ... .seconds(86_400)),
        "... or this long after the last one, whichever comes first."),
      Key(
        "keep", \.keep, .integer(1...1_000_000),
        "Checkpoints whose state is kept beside those that versions need; older ones keep their row only."),
      Key(
        "keep_hourly", \.keepHourly, .integer(0...168),
        "Beside those, the state of the first checkpoint of each of so many hours: 'forget', 'rewind' and 'incident culprit' begin there."
      ),
      Key(
        "keep_daily", \.keepDaily, .integer(0...366),
        "The same of so many days. What steps learned (training.ledger) is kept for as many days, two at least."),
    ])
}

extension HealthSettings {
  static let section: Section<HealthSettings> = Section(
    doc: "What is measured in the network, and what is too much.",
    prototype: HealthSettings(),
    keys: [
      Key(
        "histogram_every", \.histogramEvery, .integer(1...65_536),
        "One row in this many goes into the histograms; 1: all."),
      Key("dead_share_max", \.deadShareMax, .number(0...1), "The largest share of dead units in a layer."),
      Key(
        "saturated_share_max", \.saturatedShareMax, .number(0...1),
        "The largest share of saturated activations in a layer."),
      Key(
        "gradient_norm_max", \.gradientNormMax, .number(0...1e30, isOpenBelow: true),
        "The largest gradient norm before clipping."),
      Key(
        "missing_share_max", \.missingShareMax, .number(0...1),
        "The largest share of records that may lack a feature before versions are held back; 1: any."),
      Key(
        "unknown_share_max", \.unknownShareMax, .number(0...1),
        "The largest share of records whose category may be none of the feature's known values; 1: any."),
      Key(
        "clipped_share_max", \.clippedShareMax, .number(0...1),
        "The largest share of records in which a feature may lie outside its clip range; 1: any."),
      Key(
        "wild_share_max", \.wildShareMax, .number(0...1),
        "The largest share of records in which a feature may lie more than 100 times its usual spread away, and is therefore taken as absent; 1: any."
      ),
      Key(
        "drift_false_alarms", \.driftFalseAlarms, .number(1e-9...0.5),
        "Of checkpoints' windows in which nothing has changed, the share of which the rules of drift may say that something has, over all features together."
      ),
      Key(
        "rules", \.rules,
        .list(
          of: HealthRuleSettings.section.kind, "a list of rules, each with a threshold, an action or both",
          count: 0...1000, isHiddenWhenEmpty: true),
        "What is said of single rules, of all layers and features or of one; what is said of one outweighs the rest. `retrainctl health --rules` lists them with their thresholds, sources and actions."
      ),
    ])
}

extension HealthRuleSettings {
  static let section: Section<HealthRuleSettings> = Section(
    doc: "From where on a rule fails, and what is done then.",
    prototype: HealthRuleSettings(rule: .nonFinite),
    keys: [
      Key("rule", \.rule, .choice, isRequired: true, "Its name."),
      Key("of", \.of, .ifGiven(.line("a name")), "The layer or the feature; without it all of them."),
      Key(
        "threshold", \.threshold, .ifGiven(.number(-1e30...1e30)),
        "From where on it fails, in the unit of what it looks at."),
      Key(
        "action", \.action, .ifGiven(.choice),
        "off: it is not looked at. note: an incident that asks nobody to act. ticket: one for the next days. page: one for now. freeze_promotion: as ticket, no version is promoted while it lasts, and candidates of such a window are rejected. skip_step: as ticket, and a step that shows it is not learned, its records become dead letters; of loss_spike and exploding_gradient. lower_rate: as ticket, and the learning rate is halved with each window that fails, down to a sixteenth, until it is over. roll_back: as freeze_promotion, and a version whose own frozen weights show it makes room for the one before it, where it serves and that answers better; of loss_drift, loss_spike, diverging, prediction_drift and concept_drift. rewind: as freeze_promotion, and training goes back to the newest checkpoint before the first window that failed, leaving out what did it; at most three times a day, ten minutes apart. retrain: as ticket, and the stream is learned once more in a run beside, as `retrain` of the file says. swap_activation: the same, from the beginning with another activation in the hidden layers (leaky_relu for what gives zeros, gelu for what saturates). reset_bias: the same, from the newest checkpoint with the biases of the layer's dead units set back to 0."
      ),
    ])
}

extension RolloutSettings {
  static let section: Section<RolloutSettings> = Section(
    doc: "How a checkpoint becomes the stable version.",
    prototype: RolloutSettings(),
    keys: [
      Key(
        "records_min", \.recordsMin, .integer(1...1_000_000_000),
        "Labelled records a candidate must have been tested on before it is judged."),
      Key(
        "candidate_every", \.candidateEvery, .duration(.milliseconds(100) ... .seconds(30 * 86_400)),
        "A candidate is proposed at most this often."),
      Key(
        "loss_tolerance", \.lossTolerance, .ifGiven(.number(0...1e9)),
        onlyIf: Condition("and loss_tolerance_relative say the same in two units", "leave one of them out") {
          $0.lossToleranceRelative == nil
        },
        "How much worse, in the task's loss per record, a candidate may be than the stable version on the same records; without it, and without loss_tolerance_relative, 0.005 for classes and 0.005 of the labels' spread for values."
      ),
      Key(
        "loss_tolerance_relative", \.lossToleranceRelative, .ifGiven(.number(0...10)),
        "The same as a share of what the best constant prediction loses: of values judged by squared error the labels' variance."
      ),
      Key(
        "slices", \.slices,
        .list(
          of: .line("a feature's name"), "a list of features, such as [carrier]", count: 0...RolloutSettings.slicesMax,
          isHiddenWhenEmpty: true),
        "Features by whose values versions are compared too: categories, truths, and numbers of few values. Of each the 64 values that the lineage meets first are slices of their own, the others one more. A version that is good over all records and much worse in a slice is undecided: it is told which, and never promoted for that; where it serves on watch already, the version confirmed last comes back."
      ),
      Key(
        "slice_tolerance", \.sliceTolerance, .ifGiven(.number(0...1e9)),
        onlyIf: Condition("is what may be lost in a slice, and there is none", "add `slices:`, or leave it out") {
          !$0.slices.isEmpty
        },
        "How much worse in a slice, in the task's loss per record, a version may be; without it four times what is tolerated over all records. Of two classes 0.05 more wrong answers a record are too many as well."
      ),
      Key("confidence", \.confidence, .number(0.5...0.999999), "Confidence of the comparison."),
      Key(
        "lane", \.lane, .choice,
        "careful: a version is compared by its own frozen weights, on records that came after it, before it serves. fast: the learner's trend of late and a first look at its weights let it serve on watch, as soon as there is a checkpoint; the version confirmed last stays loaded, and comes back if the new one's own weights turn out worse. auto: fast from 1,000 records a second on where there is no canary, else careful."
      ),
      Key(
        "canary", \.canary,
        .list(
          of: .share, "a list of shares, such as [5%, 25%, 50%]", count: 0...20, isHiddenWhenEmpty: true),
        onlyIf: Condition("is not ascending", "write the smallest share first") {
          zip($0.canary, $0.canary.dropFirst()).allSatisfy { $0 < $1 }
        },
        "Shares of live requests that a version serves before it is stable, one after the other: as long as it is as good as the one before. Without it there is no such stage."
      ),
      Key(
        "canary_share", \.canaryShare, .ifGiven(.number(0...1)),
        onlyIf: Condition("and canary say the same twice", "leave one of them out") { $0.canary.isEmpty },
        "The only share of `canary`, where there is one; 0: there is no such stage."),
      Key(
        "canary_mode", \.canaryMode, .choice,
        "What a canary does with its share of the requests. live: it answers them. shadow: the stable version answers, the canary computes beside it, and how far they are apart is counted; requests of more than 32 rows are left out."
      ),
      Key(
        "hold", \.hold, .duration(.zero ... .seconds(30 * 86_400)),
        onlyIf: Condition("is the time at each share of a canary, and there is none", "add `canary:`, or leave it out")
        {
          !$0.effectiveCanary.isEmpty
        },
        "The least time at each share of a canary, after `warm_up`."),
      Key(
        "canary_requests_min", \.canaryRequestsMin, .integer(0...1_000_000_000),
        onlyIf: Condition("is of a canary, and there is none", "add `canary:`, or leave it out") {
          !$0.effectiveCanary.isEmpty
        },
        "Live requests that a canary must have answered itself at each share before it gets the next one, where a server was seen of late; without any server its pairs alone decide. 0: none."
      ),
      Key(
        "canary_failure_tolerance", \.canaryFailureTolerance, .number(0...1),
        onlyIf: Condition("is of a canary, and there is none", "add `canary:`, or leave it out") {
          !$0.effectiveCanary.isEmpty
        },
        "How much more of its live requests a canary may fail at than the stable version at the same time, as a share: 0.001 is one in a thousand more. One that certainly fails more often is rolled back, one that seems to is held."
      ),
      Key(
        "canary_latency_tolerance", \.canaryLatencyTolerance, .number(0...1000),
        onlyIf: Condition("is of a canary, and there is none", "add `canary:`, or leave it out") {
          !$0.effectiveCanary.isEmpty
        },
        "How much longer a canary's answers to live requests may take than the stable version's at the same time, as a share: 0.5 is half as long again, by the geometric mean. Less than a millisecond counts as one. A canary that is certainly slower is rolled back, one that seems to be is held."
      ),
      Key(
        "duration_max", \.durationMax, .ifGiven(.duration(.seconds(1) ... .seconds(365 * 86_400))),
        "How long a candidate or a canary may be undecided; without it as long as it takes, or 50 times records_min pairs of a candidate. `on_inconclusive` says what becomes of it."
      ),
      Key(
        "on_inconclusive", \.onInconclusive, .choice,
        "What becomes of a version that has been undecided for too long. retire: it makes room for a newer one. hold: it keeps its place until it is decided or a person promotes one. It is never promoted for that."
      ),
      Key(
        "warm_up", \.warmUp, .duration(.zero ... .seconds(86_400)),
        "For so long after a version got a share of live requests what they say of it does not count, but for numbers that are not finite."
      ),
      Key(
        "rewind", \.rewind, .choice,
        "What follows for training when the version that serves was rolled back. never: nothing. ask: an incident says with which command it goes back to the version that serves then, and leaves out what was learned from there to the version that did harm. auto: it does, at most three times a day, ten minutes apart."
      ),
      Key(
        "cool_down", \.coolDown, .duration(.zero ... .seconds(30 * 86_400)),
        "For so long after a rollback nothing is promoted."),
      Key(
        "slo", \.slo, .ifGiven(ObjectiveSettings.section.kind),
        "How well live requests are to be answered. Where the error budget burns too fast (14.4 times over an hour and 5 minutes, 6 times over 6 hours and 30 minutes: a page; 3 times over a day and 2 hours, as fast over 3 days and 6 hours: a ticket) it is an incident; a page that only the version that serves can be to blame for rolls it back."
      ),
    ])
}

extension ObjectiveSettings {
  static let section: Section<ObjectiveSettings> = Section(
    doc: "How well live requests are to be answered, over 30 days.",
    prototype: ObjectiveSettings(),
    keys: [
      Key(
        "availability", \.availability, .ifGiven(.objective),
        "The share of requests that are answered without an error of the server."),
      Key(
        "latency", \.latency, .ifGiven(LatencySettings.section.kind), "How quickly they are answered."),
      Key(
        "events_min", \.eventsMin, .integer(1...1_000_000_000),
        "In a window with fewer requests nothing is said: of few, one is a large share."),
      Key(
        "scale", \.scale, .number(0...1, isOpenBelow: true),
        "Of the length of all windows, for tests: 0.001 makes 3.6 seconds of an hour."),
    ])
}

extension LatencySettings {
  static let section: Section<LatencySettings> = Section(
    doc: "How quickly live requests are to be answered.",
    prototype: LatencySettings(),
    keys: [
      Key("percentile", \.percentile, .objective, isRequired: true, "The share that is answered in time, such as 99%."),
      Key(
        "under", \.under, .duration(.milliseconds(1) ... .seconds(3600)), isRequired: true,
        "What in time means, from the request's arrival to its answer."),
    ])
}

extension ServingSettings {
  static let section: Section<ServingSettings> = Section(
    doc: "How predictions are answered.",
    prototype: ServingSettings(),
    keys: [
      Key(
        "address", \.address, .line("an address to listen on, such as 127.0.0.1"),
        "The address to listen on: of one interface, or 0.0.0.0 or `::` for all. Beyond this machine it takes tls and tokens, or open."
      ),
      Key("port", \.port, .integer(0...65_535), "The port to listen on; 0: any free one."),
      Key("rows_max", \.rowsMax, .integer(1...1_000_000), "Rows a request may hold."),
      Key("threads", \.threads, .integer(1...256), "Threads that answer requests."),
      Key(
        "body_bytes_max", \.bodyBytesMax, .bytes(1024...(1 << 30)),
        "The largest request body, before and after it is decompressed; sixteen times this for all that are on their way."
      ),
      Key(
        "connections_max", \.connectionsMax, .integer(1...100_000),
        "Connections at a time; for one more, the one that was quiet for longest is ended."),
      Key(
        "request_timeout", \.requestTimeout, .duration(.milliseconds(100) ... .seconds(3600)),
        "How long a request may take in all, from its head until its answer was taken; also how long a connection may be idle, up to 60s."
      ),
      Key(
        "queue_timeout", \.queueTimeout, .duration(.milliseconds(10) ... .seconds(3600)),
        "How long a large request may wait for its turn; then 503 with Retry-After."),
      Key("tls", \.tls, .ifGiven(ServingCertificate.section.kind), ServingCertificate.section.doc),
      Key(
        "tokens", \.tokens,
        .list(
          of: ServingToken.section.kind, "a list of tokens, each with its role", count: 1...100,
          isHiddenWhenEmpty: true),
        "Who may ask what. Without it whoever reaches the server may ask everything; health and readiness need no token."
      ),
      Key(
        "open", \.isOpen, .boolean,
        "Whether it may listen beyond this machine without TLS or without tokens, as behind something that guards it."),
    ])
}
