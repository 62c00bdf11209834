import Controller
import Evaluation
import Foundation
import Health
import Pipelines
import Registry
import Rollouts
import Vocabulary

/// Gathers a pipeline's status from the registry; what never changes is asked for once.
actor StatusReader {
  private let registry: Registry
  private let name: String
  private var checkpoints: [Int64: CheckpointRecord] = [:]
  private var health: (checkpoint: Int64, layers: [PipelineStatus.Layer])?
  private var drift: (checkpoint: Int64, wait: DriftWait?)?
  private var recent: (checkpoint: Int64, window: PipelineStatus.Metrics)?

  /// Workers that were silent for so long are taken for gone.
  private static let silence = Duration.seconds(5)
  /// The same of servers, which report every second.
  private static let serverSilence = Duration.seconds(3)
  /// The window reaches back until it has so many records, over at most so many checkpoints.
  private static let windowRecordsMin: Int64 = 1000
  private static let windowCheckpointsMax = 16
  private static let versionsMax = 12

  init(registry: Registry, pipeline name: String) {
    self.registry = registry
    self.name = name
  }

  /// Members of the generation that have neither left nor been heard of.
  private func unheard(of pipeline: Int64, beside members: [MemberRecord]) async throws -> Int {
    let heard = members.count { $0.rank != nil }
    // Most often all are there, which needs no second look.
    if heard > 0, heard >= members.compactMap(\.status?.worldSize).max() ?? 0 { return 0 }
    return try await registry.members(pipeline: pipeline).count { $0.rank != nil } - heard
  }

  private static func silence(of workers: Int) -> [String] {
    guard workers > 0 else { return [] }
    return [
      "\(workers) of the group's workers \(workers == 1 ? "has" : "have") not been heard of for "
        + "\(Int(silence.seconds)) s: their partitions' lag is not known"
    ]
  }

  /// - Parameter ofLineage: Dead letters are those of the lineage, also of workers that are gone; else those that its live
  ///   workers tell of.
  func read(ofLineage: Bool = false) async throws -> PipelineStatus {
    let pipeline = try await registry.choosePipeline(named: name)
    let members = try await registry.members(pipeline: pipeline.id, silence: Self.silence)
    let newest = try await registry.newestCheckpoint(pipeline: pipeline.id)
    if let newest { checkpoints[newest.id] = newest }
    let live = members.compactMap(\.status)
    let counts = RecordCounts(live: live, newest: newest)
    let lags = live.flatMap(\.lag)
    let unheard = try await self.unheard(of: pipeline.id, beside: members)
    let shown = try await versions(of: pipeline, upTo: newest)
    checkpoints = checkpoints.filter { entry in
      entry.key == newest?.id || shown.contains { $0.checkpoint == entry.key }
    }
    var status = PipelineStatus(
      pipeline: pipeline.name, desiredState: pipeline.desiredState.rawValue, halted: pipeline.halted,
      freeze: try await registry.freeze(pipeline: pipeline.id),
      driftWait: try await driftWait(upTo: newest), desiredWorkers: pipeline.desiredWorkers,
      generation: pipeline.generation.rawValue > 0 ? pipeline.generation.rawValue : nil,
      step: max(live.map(\.step).max() ?? 0, newest?.step ?? 0), consumed: counts.consumed, trained: counts.trained,
      unlabelled: counts.unlabelled, rejected: counts.rejected, rejectedByReason: counts.byReason,
      lostByBroker: max(
        live.compactMap(\.lostByBroker).max() ?? 0, (newest?.progress ?? []).reduce(0) { $0 + $1.lost }),
      deadLetters: PipelineStatus.DeadLetters(live.compactMap(\.deadLetters)),
      // Every worker tells the group's rate.
      recordsPerSecond: live.compactMap(\.recordsPerSecond).max() ?? 0,
      lag: lags.isEmpty || unheard > 0 ? nil : lags.reduce(0) { $0 + $1.records },
      behindTransactions: live.reduce(0) { $0 + ($1.behindTransactions ?? 0) },
      workers: members.map(PipelineStatus.Worker.init),
      checkpoint: newest.map(PipelineStatus.Checkpoint.init), versions: shown,
      decisions: try await registry.decisions(pipeline: pipeline.id, limit: 20).map(PipelineStatus.Decision.init),
      health: try await layers(of: newest), incidents: try await incidents(of: pipeline.id),
      servers: try await servers(of: pipeline.id),
      controllers: try await registry.controllers(pipeline: pipeline.id, silence: Self.silence).map(
        PipelineStatus.Controller.init),
      troubles: Array(Set(live.flatMap { $0.troubles ?? [] })).sorted() + Self.silence(of: unheard)
        + (try await registry.alertReceivers(pipeline: pipeline.id)).compactMap(Self.trouble),
      saved: (newest?.progress ?? []).reduce(0) { $0 + $1.trained + $1.rejected })
    if ofLineage, let newest {
      status.deadLetters.complete(refused: newest.rejected, lost: try await lostLetters(of: pipeline.id))
    }
    status.measures = counts.live?.measures ?? newest.map { PipelineStatus.Metrics($0.metrics) }
    status.window = try await window(upTo: newest) ?? counts.live?.window
    if var report = counts.live?.fields ?? newest?.fields {
      // Values are counted in checkpoints alone.
      let known = newest?.fields?.fields ?? []
      report = report.with(known.compactMap(\.values), known.compactMap(\.scale))
      status.features = report.features
      let limits = limits(of: pipeline)
      status.warnings = report.warnings(limits: limits, count: Wording.count)
      // A window that has just begun says nothing yet, and the one before it still does.
      if status.warnings.isEmpty, let before = newest?.fields, before != report {
        status.warnings = before.warnings(limits: limits, count: Wording.count)
      }
    }
    status.warnings += Self.warnings(of: status.window, measured: status.measures?.records ?? 0)
    let weightless = Measures.warning(ofNoWeight: status.measures, lately: status.window, count: Wording.count)
    if let weightless { status.warnings.append(weightless) }
    if let newest {
      let label = try await label(of: pipeline, newest)
      status.warnings += ClassOccurrence.warnings(newest.metrics, classes: label?.classes ?? [])
      let refused = newest.rejected[.badLabel] ?? 0
      if let warning = label.flatMap({ ClassOccurrence.warning(ofFull: $0, refused: refused) }) {
        status.warnings.append(warning)
      }
    }
    status.rejections = counts.rejections
    for replay in try await registry.replays(pipeline: pipeline.id, limit: 1) where Self.isShown(replay) {
      status.runs.append(try await ReplayProgress(replay, pipeline.id, registry, measures: true))
    }
    if !status.runs.isEmpty { status.retraining = try await registry.retrainTally(pipeline: pipeline.id) }
    status.members = live.lazy.compactMap(\.members).first { !$0.isEmpty }
    status.heads = (counts.live?.heads ?? newest?.heads ?? []).map(PipelineStatus.Head.init)
    return status
  }

  /// One that goes on, or was over within the day.
  private static func isShown(_ replay: ReplayRecord) -> Bool {
    replay.endedAt.map { Date().timeIntervalSince($0) < 86_400 } ?? true
  }

  /// Whether the model does worse than one constant answer. Classes that are learned from nothing begin far above that one.
  private static func warnings(of window: PipelineStatus.Metrics?, measured: Int64) -> [String] {
    guard let window, window.records >= 1000, let loss = window.loss, let constant = window.priorLoss else { return [] }
    let isWorse = window.rSquared.map { $0 < -0.1 } ?? (measured >= 20_000 && loss > 1.1 * constant)
    guard isWorse else { return [] }
    return [
      "over the last \(Wording.count(window.records)) records the model loses \(Wording.measure(loss)) a record, and one "
        + "constant answer would lose \(Wording.measure(constant)): it does harm; write lower learning rates, or adagrad for "
        + "embedding_optimizer and wide_optimizer"
    ]
  }

  /// Who ought to hear of incidents and does not.
  private static func trouble(of receiver: AlertReceiverRecord) -> String? {
    guard let since = receiver.failingSince else { return nil }
    let waiting = receiver.waiting.map { "; \(Wording.count($0, "incident")) \($0 == 1 ? "waits" : "wait")" } ?? ""
    return "alerts have not reached \(receiver.receiver) for \(Wording.span(-since.timeIntervalSinceNow)), as "
      + (receiver.reason ?? "it does not take them") + waiting
  }

  /// Of the pipeline's settings; the usual ones where its file needs a secret that is not set here.
  private func limits(of pipeline: PipelineRecord) -> HealthLimits {
    let file = try? PipelineFile(text: pipeline.specification, name: pipeline.name)
    return file.map { HealthLimits($0.pipeline.health) } ?? HealthLimits()
  }

  /// With the classes that were found until the checkpoint; nil where the file needs a secret that is not set here.
  private func label(of pipeline: PipelineRecord, _ newest: CheckpointRecord) async throws -> LabelSettings? {
    let file = try? PipelineFile(text: pipeline.specification, name: pipeline.name)
    guard var label = file?.pipeline.schema.label, label.findsClasses else { return file?.pipeline.schema.label }
    if let contract = try await registry.contract(ofCheckpoint: newest.id) {
      label.classes = try DataContract(text: contract.text).schema.label.classes
    }
    return label
  }

  /// The measures of the newest checkpoints of the lineage, together: a window alone may be a few records, at the end of a run.
  private func window(upTo newest: CheckpointRecord?) async throws -> PipelineStatus.Metrics? {
    guard let newest else { return nil }
    if let recent, recent.checkpoint == newest.id { return recent.window }
    var window = newest.window
    var parent = newest.parent
    var count = 1
    while window.records < Self.windowRecordsMin, count < Self.windowCheckpointsMax, let id = parent,
      let older = try await registry.checkpoint(id), older.window.task == window.task
    {
      var merged = older.window
      merged.merge(window)
      window = merged
      parent = older.parent
      count += 1
    }
    let measures = PipelineStatus.Metrics(window)
    recent = (newest.id, measures)
    return measures
  }

  /// Of two at one address the older is dead: it cannot listen there any more.
  private func servers(of pipeline: Int64) async throws -> [PipelineStatus.Server] {
    let known = try await registry.servers(pipeline: pipeline, silence: Self.serverSilence)
    return known.enumerated().filter { place, server in
      !known[(place + 1)...].contains { $0.address == server.address && $0.port == server.port }
    }.map {
      PipelineStatus.Server(
        address: HostPort(host: $0.element.address, port: UInt16(clamping: $0.element.port)).description,
        version: $0.element.version, lastSeen: $0.element.lastSeen, metricsAddress: $0.element.metricsAddress)
    }
  }

  /// nil: the file that is registered is one that only its own program can read.
  private func standings(
    of pipeline: PipelineRecord, upTo checkpoint: CheckpointRecord?
  ) async throws -> VersionStandings? {
    guard let today = try? PipelineFile(text: pipeline.specification, name: pipeline.name).pipeline else { return nil }
    return try await VersionStandings(of: today, pipeline.id, newest: checkpoint, in: registry)
  }

  private func versions(
    of pipeline: PipelineRecord, upTo checkpoint: CheckpointRecord?
  ) async throws -> [PipelineStatus.Version] {
    let newest = try await registry.versions(pipeline: pipeline.id, limit: Self.versionsMax)
    let standings = try await standings(of: pipeline, upTo: checkpoint)
    let serving = standings?.versions.filter { version in
      version.state.isServing && !newest.contains { $0.number == version.number }
    }
    var shown: [PipelineStatus.Version] = []
    for version in newest + (serving ?? []) {
      if checkpoints[version.checkpoint] == nil {
        checkpoints[version.checkpoint] = try await registry.checkpoint(version.checkpoint)
      }
      shown.append(
        PipelineStatus.Version(
          version, checkpoints[version.checkpoint], in: standings, upTo: checkpoint))
    }
    return shown
  }

  /// nil: all that can be is watched.
  private func driftWait(upTo checkpoint: CheckpointRecord?) async throws -> DriftWait? {
    guard let checkpoint else { return nil }
    if let drift, drift.checkpoint == checkpoint.id { return drift.wait }
    let wait = try await BaselineReader.wait(upTo: checkpoint, in: registry)
    drift = (checkpoint.id, wait)
    return wait
  }

  private func layers(of checkpoint: CheckpointRecord?) async throws -> [PipelineStatus.Layer] {
    guard let checkpoint else { return [] }
    if let health, health.checkpoint == checkpoint.id { return health.layers }
    let layers = try await registry.layerHealth(checkpoint: checkpoint.id).map(PipelineStatus.Layer.init)
    health = (checkpoint.id, layers)
    return layers
  }

  /// As the incidents tell; the newest ones, of which there are few.
  private func lostLetters(of pipeline: Int64) async throws -> Int64 {
    try await registry.incidents(ofLineage: pipeline, kind: "dead_letters_lost", limit: 1000).reduce(0) {
      $0 + (PipelineStatus.Incident($1).records ?? 1)
    }
  }

  private func incidents(of pipeline: Int64) async throws -> [PipelineStatus.Incident] {
    try await registry.incidents(pipeline: pipeline, limit: 5).map(PipelineStatus.Incident.init)
  }
}
