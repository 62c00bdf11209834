import Evaluation
import Foundation
import Health
import Registry
import Rollouts
import Vocabulary

/// Gathers a pipeline's status from the registry; what never changes is asked for once.
actor StatusReader {
  private let registry: Registry
  private let name: String
  private var checkpoints: [Int64: CheckpointRecord] = [:]
  private var health: (checkpoint: Int64, layers: [PipelineStatus.Layer])?

  /// Workers and servers that were silent for so long are taken for gone.
  private static let silence = Duration.seconds(5)
  private static let versionsMax = 12

  init(registry: Registry, pipeline name: String) {
    self.registry = registry
    self.name = name
  }

  func read() async throws -> PipelineStatus {
    let pipeline = try await registry.choosePipeline(named: name)
    let members = try await registry.members(pipeline: pipeline.id, silence: Self.silence)
    let newest = try await registry.newestCheckpoint(pipeline: pipeline.id)
    if let newest { checkpoints[newest.id] = newest }
    let live = members.compactMap(\.status)
    let progress = newest?.progress ?? []
    let trained = max(live.map(\.trained).max() ?? 0, progress.reduce(0) { $0 + $1.trained })
    let rejected = max(live.map(\.rejected).max() ?? 0, progress.reduce(0) { $0 + $1.rejected })
    let lags = live.flatMap(\.lag)
    let shown = try await versions(of: pipeline.id)
    checkpoints = checkpoints.filter { entry in
      entry.key == newest?.id || shown.contains { $0.checkpoint == entry.key }
    }
    return PipelineStatus(
      pipeline: pipeline.name, desiredState: pipeline.desiredState.rawValue, halted: pipeline.halted,
      desiredWorkers: pipeline.desiredWorkers,
      generation: pipeline.generation.rawValue > 0 ? pipeline.generation.rawValue : nil,
      step: max(live.map(\.step).max() ?? 0, newest?.step ?? 0), consumed: trained + rejected, trained: trained,
      rejected: rejected,
      rejectedByReason: Dictionary(uniqueKeysWithValues: (newest?.rejected ?? [:]).map { ($0.key.rawValue, $0.value) }),
      lostByBroker: max(live.compactMap(\.lostByBroker).max() ?? 0, progress.reduce(0) { $0 + $1.lost }),
      deadLetters: PipelineStatus.DeadLetters(live.compactMap(\.deadLetters)),
      // Every worker tells the group's rate.
      recordsPerSecond: live.compactMap(\.recordsPerSecond).max() ?? 0,
      lag: lags.isEmpty ? nil : lags.reduce(0) { $0 + $1.records },
      behindTransactions: live.reduce(0) { $0 + ($1.behindTransactions ?? 0) },
      workers: members.map(PipelineStatus.Worker.init),
      checkpoint: newest.map(PipelineStatus.Checkpoint.init), versions: shown,
      decisions: try await registry.decisions(pipeline: pipeline.id, limit: 20).map(PipelineStatus.Decision.init),
      health: try await layers(of: newest), incidents: try await incidents(of: pipeline.id),
      servers: try await registry.servers(pipeline: pipeline.id, silence: Self.silence).map {
        PipelineStatus.Server(
          address: HostPort(host: $0.address, port: UInt16(clamping: $0.port)).description, version: $0.version,
          lastSeen: $0.lastSeen)
      })
  }

  private func versions(of pipeline: Int64) async throws -> [PipelineStatus.Version] {
    let all = try await registry.versions(pipeline: pipeline)
    let newest = all.prefix(Self.versionsMax)
    let serving = all.dropFirst(Self.versionsMax).filter { $0.state == .stable || $0.state == .canary }
    var shown: [PipelineStatus.Version] = []
    for version in newest + serving {
      if checkpoints[version.checkpoint] == nil {
        checkpoints[version.checkpoint] = try await registry.checkpoint(version.checkpoint)
      }
      shown.append(PipelineStatus.Version(version, checkpoints[version.checkpoint]))
    }
    return shown
  }

  private func layers(of checkpoint: CheckpointRecord?) async throws -> [PipelineStatus.Layer] {
    guard let checkpoint else { return [] }
    if let health, health.checkpoint == checkpoint.id { return health.layers }
    let layers = try await registry.layerHealth(checkpoint: checkpoint.id).map(PipelineStatus.Layer.init)
    health = (checkpoint.id, layers)
    return layers
  }

  private func incidents(of pipeline: Int64) async throws -> [PipelineStatus.Incident] {
    try await registry.incidents(pipeline: pipeline, limit: 5).map(PipelineStatus.Incident.init)
  }
}
