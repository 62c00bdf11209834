import Alerts
import Foundation
import Pipelines
import Registry
import Telemetry
import Vocabulary

/// One receiver of alerts: looks at what it is to be told, tells it, and writes down what became of it.
struct AlertDesk {
  private let receiver: AlertReceiver
  private let plan: AlertPlan
  private let pipeline: Pipeline
  private let pipelineID: Int64
  private let registry: Registry
  private let deliveries: (taken: Counter, failed: Counter)
  private let logger: Logger
  private var isKnown = false
  /// What waited when somebody looked last.
  private var waiting: Set<Int64> = []

  /// Beyond a delivery's own time: for what is written down before and after it.
  private static let claimMargin = Duration.seconds(5)
  /// A delivery of the last look takes no longer, whatever the receiver may.
  private static let lastPatience = Duration.seconds(5)

  init(
    _ receiver: AlertReceiver, pipeline: Pipeline, pipelineID: Int64, registry: Registry,
    deliveries: (taken: Counter, failed: Counter), logger: Logger
  ) {
    self.deliveries = deliveries
    self.receiver = receiver
    plan = AlertPlan(receiver.settings)
    self.pipeline = pipeline
    self.pipelineID = pipelineID
    self.registry = registry
    self.logger = logger
  }

  /// Somebody else tells it from now on.
  mutating func leave() {
    isKnown = false
    waiting = []
  }

  /// - Parameter mustStop: Asked while the database is away after a delivery.
  /// - Throws: `RegistryError`; what is to be told then waits for the next look.
  mutating func look(lease: LeaseToken, isLast: Bool, mustStop: () -> Bool) async throws {
    if !isKnown {
      try await registry.setAlertReceivers(pipeline.alerts.map(\.effectiveName), pipeline: pipelineID)
      isKnown = true
    }
    let settings = receiver.settings
    let severities = IncidentDraft.Severity.allCases.filter { $0.settings >= settings.severity }
    guard
      let view = try await registry.alertView(
        pipeline: pipelineID, receiver: receiver.name, severities: severities, kinds: settings.kinds)
    else {
      isKnown = false
      return
    }
    try await registry.passMoments(of: view, pipeline: pipelineID)
    let look = AlertPlan.Look(
      view.incidents.map(AlertEntry.init), history: AlertHistory(view.receiver), now: view.now,
      isQuiet: view.desiredState != .running, isLast: isLast)
    tellMissed(plan.waiting(look))
    switch plan.decide(look) {
    case .rest: break
    case .settle(let incidents):
      try await registry.noteAlerts(
        pipeline: pipelineID, receiver: receiver.name, AlertNote(settled: incidents, wasSent: false))
    case .send(let batch): try await send(batch, look, lease, mustStop)
    }
  }

  private mutating func send(
    _ batch: AlertPlan.Batch, _ look: AlertPlan.Look, _ lease: LeaseToken, _ mustStop: () -> Bool
  ) async throws {
    let patience = look.isLast ? min(receiver.settings.timeout, Self.lastPatience) : receiver.settings.timeout
    let message = try await message(batch, now: look.now)
    guard
      try await registry.claimAlerts(
        lease: lease, receiver: receiver.name, sentAt: look.history.sentAt, for: patience + Self.claimMargin)
    else { return }
    let delivery = await receiver.deliver(message.json, until: .after(patience))
    (delivery.isTaken ? deliveries.taken : deliveries.failed).increment()
    guard delivery.isTaken else {
      if look.history.failures == 0 {
        logger.warning(
          "a receiver of alerts takes none; they wait, and it is asked again",
          [
            .reason: LogValue(delivery.outcome), .address: LogValue(receiver.settings.shownTarget),
            .count: LogValue(waiting.count),
          ])
      }
      try await registry.noteAlertFailure(
        pipeline: pipelineID, receiver: receiver.name, reason: delivery.outcome, waiting: waiting.count)
      return
    }
    let note = AlertNote(told: batch.begun + batch.counted, settled: batch.ended + batch.counted)
    try await write(note, mustStop)
    // These were told: that they do not wait any more is no loss.
    waiting.subtract(note.told)
    logger.info(
      "alerts were sent", [.count: LogValue(batch.shown.count), .address: LogValue(receiver.settings.shownTarget)])
    if look.history.failures > 0 {
      logger.notice(
        "over, a receiver of alerts takes them again", [.address: LogValue(receiver.settings.shownTarget)])
    }
  }

  /// Until the database has it: sent again is worse than late.
  private func write(_ note: AlertNote, _ mustStop: () -> Bool) async throws {
    while true {
      do {
        return try await registry.noteAlerts(pipeline: pipelineID, receiver: receiver.name, note)
      } catch let error as RegistryError where error.isRetryable && !mustStop() {
        try? await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  /// What was over before it could be told is told to nobody, and that is said.
  private mutating func tellMissed(_ now: Set<Int64>) {
    let missed = waiting.subtracting(now)
    waiting = now
    guard !missed.isEmpty else { return }
    logger.notice(
      "incidents were over, or too long ago, before a receiver of alerts could be told of them",
      [.count: LogValue(missed.count), .address: LogValue(receiver.settings.shownTarget)])
  }

  private func message(_ batch: AlertPlan.Batch, now: Date) async throws -> AlertMessage {
    let records = try await registry.incidents(batch.shown.map(\.incident))
    let known = Dictionary(uniqueKeysWithValues: records.map { ($0.id, $0) })
    let alerts = batch.shown.map { entry in
      let record = known[entry.incident]
      // What happened in a moment, and could not be told in its time, fires all the same.
      let end = entry.wasTold || entry.isLasting ? entry.end(at: now) : nil
      return Alert(
        entry, pipeline: pipeline.name, layer: record?.layer, feature: record?.feature,
        description: record?.alertText ?? "", endsAt: end)
    }
    return AlertMessage(
      receiver: receiver.name, pipeline: pipeline.name, alerts: alerts, truncated: batch.truncated)
  }
}

extension IncidentRecord {
  /// With the first record that it is about.
  fileprivate var alertText: String {
    let more = positions.count > 1 ? " and \(positions.count - 1) more" : ""
    return sentence.text() + (positions.first.map { " (record \($0)\(more))" } ?? "")
  }
}

extension IncidentDraft.Severity {
  /// In the words of the pipeline file.
  fileprivate var settings: AlertSettings.Severity {
    switch self {
    case .notice: .notice
    case .warning: .warning
    case .error: .error
    }
  }
}

extension AlertEntry {
  fileprivate init(_ record: AlertRecord) {
    self.init(
      incident: record.incident, kind: record.kind, severity: record.severity.settings, isLasting: record.isLasting,
      openedAt: record.openedAt, closedAt: record.closedAt, wasTold: record.wasTold)
  }
}

extension AlertHistory {
  fileprivate init(_ record: AlertReceiverRecord) {
    self.init(
      sentAt: record.sentAt, failures: record.failures, failedAt: record.failedAt)
  }
}
