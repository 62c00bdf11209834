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
  /// What hidden layers' activation is swapped for where a rule wants that; nil: there is none to be swapped for.
  private let activation: String?
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
    /// What it wants instead of the same once more, with the layers; none: just that.
    var remedies: [HealthAction: Set<String>] = [:]
  }

  /// Rules that say that the stream, or what is to be learned of it, is another.
  static let drifts: Set<HealthRule> = [
    .drift, .featureDrift, .labelDrift, .predictionDrift, .conceptDrift, .lossDrift,
  ]

  init(
    pipelineID: Int64, settings: RetrainSettings, activation: String? = nil, logger: Logger, now: Date = Date()
  ) {
    self.activation = activation
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
      }.map { Asking(reason: $0.reason, openedAt: $0.openedAt, remedies: $0.remedies) }
      + [drop?.asking].compactMap(\.self)
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
    guard let wish = self.wish(new, reason) else {
      return hold("there is no activation that the model's could be swapped for", reason)
    }
    try await registry.wishRetrain(wish, pipeline: pipelineID)
    (isDue, toldHeld) = (false, nil)
    logger.notice("the stream is to be learned once more", [.reason: LogValue(reason)])
  }

  /// One remedy at a time, and of several the one that mends most: another activation is learned from the beginning, which sets
  /// biases back as well.
  ///
  /// - Returns: nil: what asks wants nothing but a remedy that there is not.
  private func wish(_ asking: [Asking], _ reason: String) -> RetrainWish? {
    var wish = RetrainWish(place: settings.startPlace, actor: Self.actor, reason: reason)
    let asks = asking.flatMap(\.remedies)
    if asks.contains(where: { $0.key == .swapActivation }), let activation {
      wish.setting = "model.activation=\(activation)"
      return wish
    }
    let layers = Set(asks.filter { $0.key == .resetBias }.flatMap { $0.value }).sorted()
    if !layers.isEmpty {
      (wish.place, wish.resetBias) = ("newest", layers)
      return wish
    }
    return isDue || asking.contains { $0.remedies.isEmpty } ? wish : nil
  }

  private static var actor: String { RolloutActor.controller.description }

  private mutating func hold(_ why: String, _ reason: String) {
    guard toldHeld != reason else { return }
    toldHeld = reason
    logger.notice("the stream would be learned once more, but not yet", [.reason: LogValue("\(reason); \(why)")])
  }
}
