import Evaluation
import Foundation
import Learning
import Membership
import Registry
import Rollouts
import Server
import Telemetry
import TestKit
import Testing
import Vocabulary

@Suite("The service on a real registry", .serialized)
struct ServerRegistryTests {
  /// Saves a checkpoint of an untrained learner and makes it the stable version.
  func promote(_ registry: Registry, _ pipeline: Int64, _ generation: Generation, step: Int64) async throws -> Int64 {
    let checkpoint = try await registry.saveCheckpoint(
      CheckpointDraft(
        pipeline: pipeline, generation: generation, parent: try await registry.newestCheckpoint(pipeline: pipeline)?.id,
        Checkpoint(
          step: step, progress: [], metrics: StreamMetrics(task: .binary), window: StreamMetrics(task: .binary),
          parametersDigest: "00"),
        state: Learner(spec: LearnerSpec(samplePipeline()), batchCapacity: 8).encodeState()))
    let number = try await registry.addCandidate(pipeline: pipeline, checkpoint: checkpoint)
    let versions = try await registry.versions(pipeline: pipeline)
    let decisions = try Rollout.promote(number, by: "tester", versions: versions.map(\.facts))
    try await registry.apply(decisions, evidence: "{}", pipeline: pipeline, lease: nil)
    return number
  }

  @Test("a promotion and a rollback in the tables reach the replies, and the server is found in the tables")
  func followsTheTables() async throws {
    let database = try TestDatabase.fresh()
    let registry = try await Registry.open(uri: database.uri, applicationName: "test", deadline: .after(.seconds(20)))
    _ = try await registry.migrate()
    let record = try await registry.register(
      pipeline: "flights", specification: "name: flights", desiredWorkers: 1, until: nil)
    try await registry.join(
      pipeline: record.id,
      MemberFacts(id: "w", address: "127.0.0.1:1", heldStep: nil, joinedAt: Date(), lastSeen: Date()))
    let formed = try await registry.formGeneration(pipeline: record.id, desired: 1, grace: .zero)
    let generation = try #require(formed).generation

    let service = ServerService(
      pipelines: [samplePipeline()], database: DatabaseLocation(uri: database.uri),
      logger: Logger(label: "server", sink: .none))
    let running = Task { try await service.run() }
    defer { service.requestStop() }

    /// Waits until the tables show the server with `version`.
    func reported(_ version: Int64?) async throws -> ServerRecord {
      let deadline = Deadline.after(.seconds(30))
      while true {
        let servers = try await registry.servers(pipeline: record.id)
        if let server = servers.first, server.version == version || deadline.hasPassed { return server }
        try #require(!deadline.hasPassed)
      }
    }

    var server = try await reported(nil)
    let client = try #require(HTTPClient(port: server.port))
    #expect(client.post("/v2/models/flights/infer", ServiceTests.body)?.status == 503)
    for step in 1...2 {
      let number = try await promote(registry, record.id, generation, step: Int64(step))
      server = try await reported(number)
      #expect(server.version == number)
      let reply = client.post("/v2/models/flights/infer", ServiceTests.body)
      #expect(reply?.text.contains(#""model_version":"\#(number)""#) == true)
    }
    let versions = try await registry.versions(pipeline: record.id)
    let decisions = try Rollout.rollBack(by: "tester", versions: versions.map(\.facts))
    try await registry.apply(decisions, evidence: "{}", pipeline: record.id, lease: nil)
    #expect(try await reported(1).version == 1)
    #expect(client.post("/v2/models/flights/infer", ServiceTests.body)?.text.contains(#""model_version":"1""#) == true)
    service.requestStop()
    try await running.value
    #expect(try await registry.servers(pipeline: record.id).isEmpty)
    await registry.close()
  }
}
