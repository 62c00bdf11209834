import Vocabulary

/// When the stream is learned once more by itself: `retrain:` of the pipeline file.
public struct RetrainSettings: Sendable, Hashable, Codable {
  public enum Trigger: String, Sendable, Hashable, Codable, CaseIterable {
    /// A rule of drift fails.
    case drift
    /// `schedule` says so.
    case schedule
    /// A rule of health with the action `retrain` fails.
    case health
    /// `metric_drop` says so.
    case metricDrop = "metric_drop"
  }

  /// How much worse what is learned may become.
  public struct MetricDrop: Sendable, Hashable, Codable {
    public enum Measure: String, Sendable, Hashable, Codable, CaseIterable {
      case loss, auc, accuracy
      case macroF1 = "macro_f1"
      case mae, rmse

      /// A larger figure is a worse one.
      public var isCost: Bool { [.loss, .mae, .rmse].contains(self) }

      func isOf(_ task: ModelSettings.Task) -> Bool {
        switch self {
        case .loss: true
        case .auc: task == .binary
        case .accuracy: task != .regression
        case .macroF1: task == .multiclass
        case .mae, .rmse: task == .regression
        }
      }
    }

    public var measure: Measure = .loss
    /// In the unit of the measure.
    public var by: Double = 0
    /// `best`, or over what time before, as `7d`.
    public var against: String = "best"
    /// Labelled records that are measured together.
    public var recordsMin: Int64 = 10_000

    public init() {}

    /// Over which time before; nil: the best there has been.
    public var span: Duration? { against == "best" ? nil : DurationText.parse(against) }
  }

  public var on: [Trigger] = []
  /// As cron has it, in UTC; nil: never.
  public var schedule: String?
  /// Between the end of one and the beginning of the next.
  public var coolDown: Duration = .seconds(6 * 3600)
  /// Of those that begin by themselves, within a day.
  public var perDayMax: Int = 2
  /// As `retrain --from` takes it.
  public var startPlace: String = "earliest"
  public var metricDrop: MetricDrop?

  public init() {}
}

extension RetrainSettings {
  static let section: Section<RetrainSettings> = Section(
    doc: "When the stream is learned once more by itself, in a run beside the live one.",
    prototype: RetrainSettings(),
    keys: [
      Key(
        "on", \.on,
        .list(of: .choice, "a list of drift, schedule, health and metric_drop", count: 1...4), isRequired: true,
        "What has it begin. drift: a rule of drift fails. schedule: it is time. health: a rule of health.rules with the action retrain, swap_activation or reset_bias fails. metric_drop: what is measured test then train has become worse, as metric_drop says. One at a time, whatever asks."
      ),
      Key(
        "schedule", \.schedule, .ifGiven(.line("five fields as of cron")),
        "When, as cron has it, in UTC: 0 3 * * * is three o'clock every night. What falls into a time in which no controller runs is left out."
      ),
      Key(
        "cool_down", \.coolDown, .duration(.zero ... .seconds(30 * 86_400)),
        "Between one that was begun and the next that begins by itself."),
      Key("per_day_max", \.perDayMax, .integer(1...100), "Of those that begin by themselves, within a day."),
      Key(
        "from", \.startPlace, .line("earliest or a duration"),
        "Where they begin: earliest, or so long ago, as 7d. Each goes on until it has caught up with the live run."),
      Key(
        "metric_drop", \.metricDrop, .ifGiven(MetricDrop.section.kind), MetricDrop.section.doc),
    ])
}

extension RetrainSettings.MetricDrop {
  static let section: Section<RetrainSettings.MetricDrop> = Section(
    doc: "How much worse than before the live model may predict records before it learns them.",
    prototype: RetrainSettings.MetricDrop(),
    keys: [
      Key(
        "measure", \.measure, .choice, isRequired: true,
        "loss of any task; auc of two classes; accuracy and macro_f1 of classes; mae and rmse of values."),
      Key(
        "by", \.by, .number(0...1e9, isOpenBelow: true), isRequired: true,
        "So much worse, in the unit of the measure: a loss, mae or rmse that is higher, another that is lower."),
      Key(
        "against", \.against, .line("best or a duration"),
        "best: the best that so many records had since the model began, or went on from elsewhere. A duration, as 7d: all records of the time before."
      ),
      Key(
        "records_min", \.recordsMin, .integer(100...1_000_000_000),
        "Labelled records that are measured together, and are held against as many: with fewer, chance looks like a drop."
      ),
    ])
}

extension PipelineChecks {
  /// A trigger that nothing pulls, and what pulls none, are mistakes.
  func checkRetraining() {
    guard reader.trusts("retrain"), reader.trusts("health") else { return }
    let asking = pipeline.health.rules.contains { $0.action?.retrains ?? false }
    guard let settings = pipeline.retrain else {
      if asking {
        note(
          "health.rules", "a rule has the stream learned once more, and nothing says how that is done",
          "write `retrain: { on: [health] }`")
      }
      return
    }
    if settings.on.contains(.health) != asking {
      note(
        "retrain.on",
        asking
          ? "a rule has the stream learned once more, and `on` has no health"
          : "no rule of health.rules has the action retrain, swap_activation or reset_bias",
        asking ? "add health" : "leave health out, or give a rule the action")
    }
    if settings.on.contains(.schedule) != (settings.schedule != nil) {
      note(
        "retrain.\(settings.schedule == nil ? "on" : "schedule")",
        settings.schedule == nil ? "nothing says when" : "`on` has no schedule, so this does nothing",
        settings.schedule == nil ? "write a `schedule`, as \"0 3 * * *\"" : "add schedule to `on`, or leave this out")
    }
    checkMetricDrop(settings)
    if let schedule = settings.schedule, CronSchedule(schedule) == nil {
      note(
        "retrain.schedule", "\"\(shortened(schedule))\" is no time of cron that ever comes",
        "write minute, hour, day, month and day of the week, as \"0 3 * * *\"")
    }
    if settings.startPlace != "earliest", DurationText.parse(settings.startPlace).map({ $0 <= .zero }) ?? true {
      note(
        "retrain.from", "`\(shortened(settings.startPlace))` is no place to begin",
        "write earliest, or a duration ago, as 7d"
      )
    }
  }

  private func checkMetricDrop(_ settings: RetrainSettings) {
    if settings.on.contains(.metricDrop) != (settings.metricDrop != nil) {
      note(
        "retrain.\(settings.metricDrop == nil ? "on" : "metric_drop")",
        settings.metricDrop == nil ? "nothing says what may not drop" : "`on` has no metric_drop, so this does nothing",
        settings.metricDrop == nil
          ? "write `metric_drop: { measure: loss, by: 0.02 }`" : "add metric_drop to `on`, or leave this out")
    }
    guard let drop = settings.metricDrop, reader.trusts("model") else { return }
    if !drop.measure.isOf(pipeline.model.task) {
      let words = RetrainSettings.MetricDrop.Measure.allCases.filter { $0.isOf(pipeline.model.task) }.map(\.rawValue)
      note(
        "retrain.metric_drop.measure",
        "`\(drop.measure.rawValue)` is not measured of a \(pipeline.model.task.rawValue) task",
        "write one of \(words.joined(separator: ", "))")
    }
    if drop.against != "best", DurationText.parse(drop.against).map({ $0 <= .zero }) ?? true {
      note(
        "retrain.metric_drop.against", "`\(shortened(drop.against))` says no time before",
        "write best, or a duration, as 7d")
    }
  }
}
