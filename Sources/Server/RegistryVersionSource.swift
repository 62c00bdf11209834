import Health
import Registry
import Synchronization
import Vocabulary

/// The versions of one pipeline in the registry. Any task may use it.
struct RegistryVersionSource: VersionSource {
  private static let statePatience = Duration.seconds(60)

  private let links: RegistryLinks
  private let registry: Registry
  private let reports: Registry
  private let pipeline: Int64
  private let told = Told()

  /// What the tables say already of each version: most versions that are held are asked nothing.
  private final class Told: Sendable {
    let outputs = Mutex<[Int64: ServerReport.Outputs]>([:])
  }

  /// - Throws: `RegistryError`: `unavailable`, or `notFound` as long as nobody has registered the pipeline.
  init(pipelineName: String, links: RegistryLinks) async throws {
    self.links = links
    (registry, reports) = try await links.take()
    do {
      guard let record = try await registry.pipeline(named: pipelineName) else {
        throw RegistryError(.notFound, "the pipeline \(pipelineName) is not registered")
      }
      pipeline = record.id
    } catch {
      await links.giveBack()
      throw error
    }
  }

  func servingVersions() async throws -> ServingVersions {
    try await registry.servingVersions(pipeline: pipeline, warmMax: VersionKeeper.warmMax)
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

  func newestMemory(alongside checkpoint: Int64, after known: Int64?) async throws -> LineageMemory? {
    try await registry.within(Self.statePatience).newestMemory(alongside: checkpoint, after: known)
  }

  func report(_ report: ServerReport) async throws {
    let known = told.outputs.withLock { $0 }
    var news = report
    news.outputs = report.outputs.filter { known[$0.key] != $0.value }
    try await reports.reportServer(pipeline: pipeline, news)
    told.outputs.withLock { $0 = report.outputs }
  }

  func withdraw(serverID: String) async throws { try await reports.removeServer(pipeline: pipeline, id: serverID) }

  func eachChange(_ body: @Sendable () -> Void) async throws {
    for await change in try await registry.notifications(pipeline: pipeline)
    where change.kind == .version || change.kind == .reconnected { body() }
  }

  func close() async { await links.giveBack() }
}
