import Foundation
import Pipelines
import Registry
import Rollouts
import Telemetry
import Vocabulary

/// Has the stream learned once more where the pipeline's file says when: one at a time, so often within a day at most, and not soon
/// after the last. What asked once asks again only when it has been over. Whoever runs the pipeline begins the run.
struct RetrainTrigger {
  private let pipelineID: Int64
  private let settings: RetrainSettings
  private let schedule: CronSchedule?
  private let logger: Logger
  private var looked: Date
  /// A time that has come while it could not begin waits for its turn.
  private var isDue = false
  private var toldHeld: String?
  private var drop: MetricDropWatch?

  /// What asks, since when.
  struct Asking {
    var reason: String
    var openedAt: Date
  }

  /// Rules that say that the stream, or what is to be learned of it, is another.
  static let drifts: Set<HealthRule> = [
    .drift, .featureDrift, .labelDrift, .predictionDrift, .conceptDrift, .lossDrift,
  ]

  init(pipelineID: Int64, settings: RetrainSettings, logger: Logger, now: Date = Date()) {
    (self.pipelineID, self.settings, self.logger, looked) = (pipelineID, settings, logger, now)
    schedule = settings.schedule.flatMap { CronSchedule($0) }
    drop = settings.metricDrop.map { MetricDropWatch(pipelineID: pipelineID, settings: $0, logger: logger) }
  }

  mutating func look(_ spells: [HealthSpell], _ registry: Registry, now: Date = Date()) async throws {
    if settings.on.contains(.schedule), let schedule {
      let isTime = schedule.wasDue(after: looked.timeIntervalSince1970, upTo: now.timeIntervalSince1970)
      isDue = isDue || isTime
    }
    looked = now
    try await drop?.look(registry)
    let asking =
      spells.filter { spell in
        settings.on.contains(.drift) && Self.drifts.contains(spell.rule)
          || settings.on.contains(.health) && spell.wantsRetrain
      }.map { Asking(reason: $0.reason, openedAt: $0.openedAt) } + [drop?.asking].compactMap(\.self)
    guard isDue || !asking.isEmpty else { return }
    let before = try await registry.replays(pipeline: pipelineID, limit: 100)
    guard before.first?.isOver ?? true, try await registry.retrainWish(pipeline: pipelineID) == nil else { return }
    let last = before.first?.begunAt
    let new = asking.filter { one in last.map { $0 < one.openedAt } ?? true }
    guard isDue || !new.isEmpty else { return }
    let reason = ((isDue ? ["it is time (\(settings.schedule ?? ""))"] : []) + new.map(\.reason)).joined(
      separator: "; ")
    let own = before.filter { $0.actor == Self.actor && now.timeIntervalSince($0.begunAt) < 86_400 }
    if own.count >= settings.perDayMax { return hold("\(own.count) have begun within a day", reason) }
    if let last, now.timeIntervalSince(last) < settings.coolDown.seconds {
      return hold("one has begun at \(last.ISO8601Format())", reason)
    }
    try await registry.wishRetrain(pipeline: pipelineID, from: settings.startPlace, actor: Self.actor, reason: reason)
    (isDue, toldHeld) = (false, nil)
    logger.notice("the stream is to be learned once more", [.reason: LogValue(reason)])
  }

  private static var actor: String { RolloutActor.controller.description }

  private mutating func hold(_ why: String, _ reason: String) {
    guard toldHeld != reason else { return }
    toldHeld = reason
    logger.notice("the stream would be learned once more, but not yet", [.reason: LogValue("\(reason); \(why)")])
  }
}
