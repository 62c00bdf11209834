import Controller
import Evaluation
import Foundation
import Health
import Membership
import Registry
import Rollouts
import Vocabulary

extension PipelineStatus.Worker {
  init(_ member: MemberRecord) {
    self.init(
      id: member.facts.id, rank: member.rank?.rawValue,
      state: member.status?.state ?? (member.isWaiting ? "waiting" : "starting"), step: member.status?.step ?? 0,
      lag: member.status.flatMap { $0.lag.isEmpty ? nil : $0.lag.reduce(0) { $0 + $1.records } },
      partitions: member.status?.lag.map(\.partition).sorted() ?? [], lastSeen: member.lastSeen,
      metricsAddress: member.status?.metricsAddress)
  }
}

extension PipelineStatus.Controller {
  init(_ record: ControllerRecord) {
    self.init(
      id: record.id, holdsLease: record.holdsLease, lastSeen: record.lastSeen, metricsAddress: record.metricsAddress)
  }
}

extension PipelineStatus.DeadLetters {
  init(_ workers: [WorkerStatus.DeadLetterStatus]) {
    for worker in workers {
      delivered += worker.delivered
      cut += worker.cut
      lost += worker.lost
      waiting += worker.waiting
    }
  }

  /// With what the tables know: before a checkpoint is written, the letters of the records that it counts as refused are
  /// delivered, or an incident tells that they are lost.
  ///
  /// - Parameters:
  ///   - refused: Of the newest checkpoint.
  ///   - lost: What the incidents tell.
  mutating func complete(refused: [RejectReason: Int64], lost told: Int64) {
    lost = max(lost, told)
    let letters = refused.reduce(Int64(0)) { $0 + ($1.key.isDeadLettered ? $1.value : 0) }
    delivered = max(delivered, letters - lost)
  }
}

extension PipelineStatus.Feature {
  init(_ field: FieldReport.Field, in report: FieldReport) {
    let total = field.total
    self.init(
      feature: field.isFeature ? field.name : "label \(field.path)", path: field.path, records: total.records,
      missing: total.missing, clipped: total.clipped,
      unknown: total.unknown, wild: total.wild, rejected: report.rejected(because: field.name),
      missingShare: total.records > 0 ? Double(total.missing) / Double(total.records) : 0, near: field.near,
      values: field.values)
  }

  var isClean: Bool { missing == 0 && clipped == 0 && unknown == 0 && wild == 0 && rejected == 0 }
}

extension FieldReport {
  /// The features among the fields, and labels that were brought into their range.
  var features: [PipelineStatus.Feature] {
    fields.filter { $0.isFeature || $0.total.clipped > 0 }.map { PipelineStatus.Feature($0, in: self) }
  }
}

extension PipelineStatus.Checkpoint {
  init(_ record: CheckpointRecord) {
    self.init(
      id: record.id, step: record.step, generation: record.generation.rawValue, createdAt: record.createdAt,
      isFinal: record.isFinal, hasState: record.hasState, stateBytes: record.stateBytes,
      parametersDigest: record.parametersDigest, contract: record.contract, lineage: record.lineage,
      metrics: PipelineStatus.Metrics(record.metrics), window: PipelineStatus.Metrics(record.window))
  }
}

extension PipelineStatus.Version {
  /// - Parameter newest: The lineage's newest checkpoint, where it is known.
  init(
    _ record: VersionRecord, _ checkpoint: CheckpointRecord?, in standings: VersionStandings? = nil,
    upTo newest: CheckpointRecord? = nil
  ) {
    self.init(
      number: record.number, state: record.state.rawValue, share: record.share, checkpoint: record.checkpoint,
      step: checkpoint?.step, createdAt: record.createdAt, since: record.since, wasStable: record.wasStable,
      wasRolledBack: record.wasRolledBack, isOnWatch: record.isOnWatch, waits: standings?.waits(record.number),
      comparison: standings.flatMap { PipelineStatus.Comparison(record.number, in: $0) },
      frozenLoss: checkpoint.flatMap { own in newest.flatMap { FrozenLoss(of: record.number, own, upTo: $0) } },
      metrics: checkpoint.map { PipelineStatus.Metrics($0.metrics) })
  }
}

extension PipelineStatus.Comparison {
  fileprivate init?(_ version: Int64, in standings: VersionStandings) {
    guard let found = standings.comparison(of: version) else { return nil }
    self.init(
      with: found.anchor, pairs: found.pairs, mean: found.mean, lower: found.lower.isFinite ? found.lower : nil,
      upper: found.upper.isFinite ? found.upper : nil, tolerance: found.tolerance,
      isAsked: standings.isScored(version), slices: found.slices.prefix(Self.slicesMax).map(PipelineStatus.Slice.init))
  }

  private static let slicesMax = 20
}

extension PipelineStatus.Slice {
  fileprivate init(_ comparison: MeasureComparison) {
    self.init(
      slice: comparison.slice ?? "", measure: comparison.measure.rawValue, pairs: comparison.pairs,
      lower: comparison.lower.isFinite ? comparison.lower : nil,
      upper: comparison.upper.isFinite ? comparison.upper : nil,
      tolerance: comparison.margin, isWorse: comparison.lower > comparison.margin)
  }
}

extension PipelineStatus.Decision {
  init(_ record: DecisionRecord) {
    self.init(
      id: record.id, at: record.decidedAt, version: record.version, from: record.from.rawValue, to: record.to.rawValue,
      share: record.share, rule: record.rule, observed: record.observed, threshold: record.threshold,
      window: record.window,
      actor: record.actor, reason: record.reason)
  }
}

extension PipelineStatus.Layer {
  init(_ health: LayerHealth) {
    let sketch = health.sketch
    self.init(
      layer: health.layer, zeroShare: sketch.zeroFraction, saturatedShare: sketch.saturatedFraction,
      deadUnits: sketch.deadUnits, units: sketch.unitActivity.count, nonFinite: sketch.nonFinite,
      gradientNorm: health.gradientNorm.flatMap { $0.isFinite ? $0 : nil },
      updateRatio: health.updateRatio.flatMap { $0.isFinite ? $0 : nil })
  }
}

extension PipelineStatus.Incident {
  init(_ record: IncidentRecord) {
    self.init(
      id: record.id, at: record.openedAt, kind: record.kind, severity: record.severity.rawValue, layer: record.layer,
      feature: record.feature, step: record.step, positions: record.positions.map(\.description),
      closedAt: record.closedAt, goesOn: record.isTrouble && record.closedAt == nil,
      details: record.details == "{}" ? nil : record.details)
  }
}
