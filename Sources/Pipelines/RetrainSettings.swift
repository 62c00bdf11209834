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

  public init() {}
}

extension RetrainSettings {
  static let section: Section<RetrainSettings> = Section(
    doc: "When the stream is learned once more by itself, in a run beside the live one.",
    prototype: RetrainSettings(),
    keys: [
      Key(
        "on", \.on,
        .list(of: .choice, "a list of drift, schedule and health", count: 1...3), isRequired: true,
        "What has it begin. drift: a rule of drift fails. schedule: it is time. health: a rule of health.rules with the action retrain fails. One at a time, whatever asks."
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
    ])
}

extension PipelineChecks {
  /// A trigger that nothing pulls, and what pulls none, are mistakes.
  func checkRetraining() {
    guard reader.trusts("retrain"), reader.trusts("health") else { return }
    let asking = pipeline.health.rules.contains { $0.action == .retrain }
    guard let settings = pipeline.retrain else {
      if asking {
        note(
          "health.rules", "a rule has the action retrain, and nothing says how that is done",
          "write `retrain: { on: [health] }`")
      }
      return
    }
    if settings.on.contains(.health) != asking {
      note(
        "retrain.on",
        asking
          ? "a rule has the action retrain, and `on` has no health" : "no rule of health.rules has the action retrain",
        asking ? "add health" : "leave health out, or give a rule the action")
    }
    if settings.on.contains(.schedule) != (settings.schedule != nil) {
      note(
        "retrain.\(settings.schedule == nil ? "on" : "schedule")",
        settings.schedule == nil ? "nothing says when" : "`on` has no schedule, so this does nothing",
        settings.schedule == nil ? "write a `schedule`, as \"0 3 * * *\"" : "add schedule to `on`, or leave this out")
    }
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
}
