import Evaluation
package import Health
package import Registry
import Rollouts
import Vocabulary

/// Gathers from the tables what is known of a checkpoint's window. It remembers what the next window of the lineage needs too.
package struct WindowReader: Sendable {
  private let pipelineID: Int64
  private let topic: String
  private let limits: HealthLimits
  /// The checkpoint that was looked at last, and the windows up to its own, the newest first.
  private var last: (checkpoint: Int64, lineage: Int)?
  private var history = WindowHistory()
  /// The newest samples of the lineage, the newest first.
  private var samples: [WindowSample] = []
  /// Of the version confirmed last.
  private var baseline: (checkpoint: Int64, layers: [LayerHealth], drift: DriftBaseline?)?

  /// Windows that are looked through for the beginning of a change, and taken together where they have few records.
  private static let windowsMax = 16

  /// - Parameter topic: Where the pipeline's records come from.
  package init(pipelineID: Int64, topic: String, limits: HealthLimits) {
    (self.pipelineID, self.topic, self.limits) = (pipelineID, topic, limits)
  }

  /// - Throws: `RegistryError`.
  package mutating func window(of checkpoint: CheckpointRecord, in registry: Registry) async throws -> HealthWindow {
    if last?.lineage != checkpoint.lineage || last.map({ $0.checkpoint >= checkpoint.id }) ?? true {
      history = try await history(before: checkpoint, in: registry)
    }
    let trusted = try await trusted(except: checkpoint.id, in: registry)
    var window = HealthWindow(
      layers: try await registry.layerHealth(checkpoint: checkpoint.id), fields: checkpoint.fields,
      score: HealthWindow.Score(checkpoint),
      lossShifts: checkpoint.lossWatch?.shifts, stableShifts: checkpoint.stableWatch?.shifts,
      isFirst: checkpoint.parent == nil, baseline: trusted?.layers)
    window.costs = checkpoint.costs
    history.put(&window)
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
  private func history(before checkpoint: CheckpointRecord, in registry: Registry) async throws -> WindowHistory {
    let earlier = try await registry.checkpoints(pipeline: pipelineID, limit: 2 * WindowHistory.scoresMax)
      .filter { $0.id < checkpoint.id && $0.lineage == checkpoint.lineage }
    var layers: [[LayerHealth]] = []
    for window in earlier.prefix(WindowHistory.layersMax) {
      layers.append(try await registry.layerHealth(checkpoint: window.id))
    }
    return WindowHistory(
      scores: earlier.map { HealthWindow.Score($0) }, layers: layers,
      costs: earlier.map(\.costs), fields: earlier.first?.fields)
  }

  /// What the version confirmed last was made of; nil: there is none, or it is the very checkpoint.
  private mutating func trusted(
    except checkpoint: Int64, in registry: Registry
  ) async throws -> (checkpoint: Int64, layers: [LayerHealth], drift: DriftBaseline?)? {
    let versions = try await registry.versionsInPlay(pipeline: pipelineID)
    // One on watch is not trusted yet, and may be another in a moment.
    guard let stable = Rollout.anchor(among: versions.map(\.facts)), stable.checkpoint != checkpoint else { return nil }
    if let baseline, baseline.checkpoint == stable.checkpoint { return baseline }
    let samples = try await registry.samples(upTo: stable.checkpoint, limit: Registry.sampledWindows).map(\.sample)
    let found = (
      stable.checkpoint, try await registry.layerHealth(checkpoint: stable.checkpoint),
      DriftBaseline(samples, falseAlarms: limits.falseAlarmsMax)
    )
    baseline = found
    return found
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
