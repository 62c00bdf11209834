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
        "off: it is not looked at. note: an incident that asks nobody to act. ticket: one for the next days. page: one for now. freeze_promotion: as ticket, no version is promoted while it lasts, and candidates of such a window are rejected. skip_step: as ticket, and a step that shows it is not learned, its records become dead letters; of loss_spike and exploding_gradient. lower_rate: as ticket, and the learning rate is halved with each window that fails, down to a sixteenth, until it is over. roll_back: as freeze_promotion, and the version that serves makes room for the one before it, once."
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
      Key("confidence", \.confidence, .number(0.5...0.999999), "Confidence of the comparison."),
      Key(
        "lane", \.lane, .choice,
        "careful: a version is compared by its own frozen weights, on records that came after it, before it serves. fast: the learner's trend of late and a first look at its weights let it serve on watch, as soon as there is a checkpoint; the version confirmed last stays loaded, and comes back if the new one's own weights turn out worse. auto: fast from 1,000 records a second on where there is no canary, else careful."
      ),
      Key(
        "canary_share", \.canaryShare, .number(0...1),
        "Share of live requests a canary is to serve before promotion; servers send it none yet: it is a stage of a minute, judged on the stream. 0: no such stage."
      ),
    ])
}

extension ServingSettings {
  static let section: Section<ServingSettings> = Section(
    doc: "How predictions are answered.",
    prototype: ServingSettings(),
    keys: [
      Key(
        "address", \.address, .line("an address to listen on, such as 127.0.0.1"),
        "The address to listen on: of one interface, or 0.0.0.0 or `::` for all."),
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
        "How long a request may take to arrive, and again its answer to be taken."),
    ])
}
