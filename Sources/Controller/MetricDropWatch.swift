import Foundation
import Pipelines
import Registry
import Telemetry
import Vocabulary

/// Whether the live model predicts records worse than it did, by so much as the pipeline's file allows: an incident, until it does
/// not any more, or the model is another.
struct MetricDropWatch {
  static let kind = "metric_drop"

  private let pipelineID: Int64
  private let settings: RetrainSettings.MetricDrop
  private let logger: Logger
  private var blocks: MetricBlocks
  /// The checkpoint that was looked at last, and its lineage.
  private var last: Int64 = 0
  private var lineage: Int?
  private var isAware = false
  /// What goes on.
  private(set) var asking: RetrainTrigger.Asking?
  private var incident: Int64?

  /// Of a long history the newest are read.
  private static let windowsMax = 2000

  init(pipelineID: Int64, settings: RetrainSettings.MetricDrop, logger: Logger) {
    (self.pipelineID, self.settings, self.logger) = (pipelineID, settings, logger)
    blocks = MetricBlocks(settings)
  }

  mutating func look(_ registry: Registry) async throws {
    if !isAware {
      if let known = try await registry.openTroubles(pipeline: pipelineID, kinds: [Self.kind]).first { begin(known) }
      isAware = true
    }
    let now = try await registry.pipeline(pipelineID)?.lineage
    // A model that begins anew, or goes on from elsewhere, is held against itself.
    if now != lineage {
      (blocks, lineage) = (MetricBlocks(settings), now)
      if last > 0 { try await end(registry) }
    }
    let windows = try await registry.measuredWindows(
      pipeline: pipelineID, lineage: now, after: last, limit: Self.windowsMax)
    var isNew = false
    for window in windows {
      last = max(last, window.checkpoint)
      isNew = blocks.add(window.metrics, at: window.createdAt) || isNew
    }
    guard isNew else { return }
    guard let drop = blocks.drop else { return try await end(registry) }
    guard incident == nil else { return }
    let reason =
      "\(settings.measure.rawValue) is \(Self.text(drop.now)) over the last \(drop.records) records, and was "
      + "\(Self.text(drop.before)) " + (settings.span == nil ? "at its best" : "over the \(settings.against) before")
      + ": \(settings.measure.isCost ? "more" : "less") by \(Self.text(settings.by)) or more"
    begin(
      try await registry.beginTrouble(
        pipeline: pipelineID,
        IncidentDraft(
          kind: Self.kind, severity: .warning,
          details: IncidentDraft.details(["reason": reason, "checkpoint": String(last)]))))
    logger.warning("the model predicts worse than it did", [.reason: LogValue(reason)])
  }

  private mutating func begin(_ known: IncidentRecord) {
    incident = known.id
    asking = RetrainTrigger.Asking(reason: known.facts["reason"] ?? Self.kind, openedAt: known.openedAt)
  }

  private mutating func end(_ registry: Registry) async throws {
    guard let incident else { return }
    try await registry.closeTrouble(incident)
    (self.incident, asking) = (nil, nil)
  }

  private static func text(_ value: Double) -> String { String(format: "%.4g", value) }
}
