import Health
import Registry
import Rollouts
import Vocabulary

/// The versions of one pipeline in the registry. Any task may use it.
struct RegistryVersionSource: VersionSource {
  /// Looks come every second: one that takes longer than this is given up. A state may take its time.
  private static let patience = Duration.seconds(3)
  private static let statePatience = Duration.seconds(60)

  private let registry: Registry
  private let pipeline: Int64

  /// - Throws: `RegistryError`: `unavailable`, or `notFound` as long as nobody has registered the pipeline.
  init(pipelineName: String, database: DatabaseLocation, applicationName: String) async throws {
    let registry = try await Registry.open(
      at: database, applicationName: applicationName, deadline: .after(Self.patience)
    ).within(Self.patience)
    do {
      guard let record = try await registry.pipeline(named: pipelineName) else {
        throw RegistryError(.notFound, "the pipeline \(pipelineName) is not registered")
      }
      pipeline = record.id
      self.registry = registry
    } catch {
      await registry.close()
      throw error
    }
  }

  func stableVersion() async throws -> StableVersion? {
    try await registry.versions(pipeline: pipeline).first { $0.state == .stable }.map {
      StableVersion(number: $0.number, checkpoint: $0.checkpoint, since: $0.since)
    }
  }

  func state(ofCheckpoint checkpoint: Int64) async throws -> [UInt8] {
    try await registry.within(Self.statePatience).state(of: checkpoint)
  }

  func contract(ofCheckpoint checkpoint: Int64) async throws -> String? {
    try await registry.contract(ofCheckpoint: checkpoint)?.text
  }

  func health(ofCheckpoint checkpoint: Int64) async throws -> [LayerHealth] {
    try await registry.layerHealth(checkpoint: checkpoint)
  }

  func report(_ report: ServerReport) async throws { try await registry.reportServer(pipeline: pipeline, report) }

  func withdraw(serverID: String) async throws { try await registry.removeServer(pipeline: pipeline, id: serverID) }

  func eachChange(_ body: @Sendable () -> Void) async throws {
    for await change in try await registry.notifications(pipeline: pipeline)
    where change.kind == .version || change.kind == .reconnected { body() }
  }

  func close() async { await registry.close() }
}
