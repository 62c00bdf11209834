import Evaluation
package import Health
package import Registry
package import Rollouts
import Vocabulary

/// Gathers from the tables what is known of a checkpoint's window. It remembers what the next window of the lineage needs too.
package struct WindowReader: Sendable {
  private let pipelineID: Int64
  private let topic: String
  /// The checkpoint that was looked at last, and the windows up to its own, the newest first.
  private var last: (checkpoint: Int64, lineage: Int)?
  private var history = WindowHistory()
  /// What versions lost in the windows up to there, by their own frozen weights.
  package private(set) var versions = VersionWindows()
  /// The newest samples of the lineage, the newest first.
  private var samples: [WindowSample] = []
  private var baselines: BaselineReader

  /// Windows that are looked through for the beginning of a change, and taken together where they have few records.
  private static let windowsMax = 16

  /// - Parameter topic: Where the pipeline's records come from.
  package init(pipelineID: Int64, topic: String, limits: HealthLimits) {
    (self.pipelineID, self.topic) = (pipelineID, topic)
    baselines = BaselineReader(pipelineID: pipelineID, limits: limits)
  }

  /// - Throws: `RegistryError`.
  package mutating func window(of checkpoint: CheckpointRecord, in registry: Registry) async throws -> HealthWindow {
    if last?.lineage != checkpoint.lineage || last.map({ $0.checkpoint >= checkpoint.id }) ?? true {
      (history, versions) = try await history(before: checkpoint, in: registry)
    }
    let spans = try await registry.driftSpans(pipeline: pipelineID)
    let trusted = try await baselines.baseline(for: checkpoint, spans, in: registry)
    var window = HealthWindow(
      layers: try await registry.layerHealth(checkpoint: checkpoint.id), fields: checkpoint.fields,
      score: HealthWindow.Score(checkpoint),
      lossShifts: checkpoint.lossWatch?.shifts, stableShifts: checkpoint.stableWatch?.shifts,
      isFirst: checkpoint.parent == nil, baseline: trusted?.layers)
    window.costs = checkpoint.costs
    window.serving = versions.served(throughout: checkpoint.frozen)
    window.driftWait = trusted?.wait
    history.put(&window)
    window.usualMissing = try await baselines.usualMissing(spans, last: window.fieldsBefore, in: registry)
    versions.add(checkpoint.frozen, priorLoss: window.score.priorLoss, step: checkpoint.step)
    try await readSamples(of: checkpoint, in: registry)
    window.look(
      at: samples.map(\.sample), isSampled: samples.first?.checkpoint == checkpoint.id, topic: topic,
      baseline: trusted?.drift)
    last = (checkpoint.id, checkpoint.lineage)
    return window
  }

  /// Those of the checkpoint before are still known where this one follows it.
  private mutating func readSamples(of checkpoint: CheckpointRecord, in registry: Registry) async throws {
    let follows = last.map { $0.lineage == checkpoint.lineage && $0.checkpoint < checkpoint.id } ?? false
    if !follows { samples = [] }
    let new = try await registry.samples(
      upTo: checkpoint.id, after: samples.first?.checkpoint ?? 0, limit: Self.windowsMax)
    samples = Array((new + samples).prefix(Self.windowsMax))
  }

  /// Others' checkpoints may lie in between, and newer ones where an older one is asked for.
  private func history(
    before checkpoint: CheckpointRecord, in registry: Registry
  ) async throws -> (WindowHistory, VersionWindows) {
    let earlier = try await registry.checkpoints(pipeline: pipelineID, limit: 2 * WindowHistory.scoresMax)
      .filter { $0.id < checkpoint.id && $0.lineage == checkpoint.lineage }
    var layers: [[LayerHealth]] = []
    for window in earlier.prefix(WindowHistory.layersMax) {
      layers.append(try await registry.layerHealth(checkpoint: window.id))
    }
    let history = WindowHistory(
      scores: earlier.map { HealthWindow.Score($0) }, layers: layers,
      costs: earlier.map(\.costs), fields: earlier.first?.fields)
    return (history, VersionWindows(earlier))
  }
}

extension VersionWindows {
  /// - Parameter checkpoints: Of one lineage, the newest first.
  init(_ checkpoints: [CheckpointRecord]) {
    self.init()
    for checkpoint in checkpoints.reversed() {
      add(checkpoint.frozen, priorLoss: HealthWindow.Score(checkpoint).priorLoss, step: checkpoint.step)
    }
  }

  /// Up to a checkpoint, as far back as rules look.
  init(upTo checkpoint: CheckpointRecord, in registry: Registry) async throws {
    self.init(
      try await registry.checkpoints(pipeline: checkpoint.pipeline, run: checkpoint.run, limit: Self.windowsMax + 1)
        .filter { $0.id <= checkpoint.id && $0.lineage == checkpoint.lineage })
  }
}

extension HealthWindow.Score {
  /// What the predictions of a checkpoint's window came to.
  init(_ checkpoint: CheckpointRecord) {
    self.init(
      checkpoint.window, lossWatch: checkpoint.lossWatch, stableWatch: checkpoint.stableWatch, fields: checkpoint.fields
    )
  }
}
