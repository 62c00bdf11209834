import Foundation
import Pipelines
import Registry
import Server
import Telemetry
import TestKit
import Testing
import Vocabulary

@Suite("Several models at one address", .serialized)
struct SeveralModelsTests {
  private static func pipeline(_ name: String) -> Pipeline {
    var pipeline = samplePipeline()
    pipeline.name = name
    return pipeline
  }

  private static let record = #"{"x":{"speed":50,"weight":2,"night":true,"carrier":"AA"}}"#

  /// Runs a server of `pipelines` beside `body`.
  private func withServer(
    _ pipelines: [Pipeline], _ sources: [String: FakeSource], _ body: (Int) async throws -> Void
  ) async throws {
    let service = ServerService(
      pipelines: pipelines, serverID: "server-1", logger: Logger(label: "server", sink: .none),
      tick: .milliseconds(50), openSource: { sources[$0] ?? FakeSource() })
    let running = Task { try await service.run() }
    defer { service.requestStop() }
    let deadline = Deadline.after(.seconds(20))
    while await service.port == nil, !deadline.hasPassed { await Task.yield() }
    let port = try #require(await service.port)
    try await body(port)
    service.requestStop()
    try await running.value
  }

  @Test("each answers with versions of its own, by its name; the server is ready when all are")
  func bothAnswer() async throws {
    let (flights, trips) = (FakeSource(), FakeSource())
    let tests = ServiceTests()
    try await withServer(
      [Self.pipeline("flights"), Self.pipeline("trips")], ["flights": flights, "trips": trips]
    ) { port in
      flights.promote(3, state: ServiceTests.state())
      let one = try await tests.eventually(port, "/v2/models/flights/ready") { $0.status == 200 }
      #expect(one.text == #"{"name":"flights","ready":true}"#)
      let client = try #require(HTTPClient(port: port))
      #expect(client.get("/v2/health/ready")?.status == 503)
      #expect(client.get("/v2/models/trips/ready")?.status == 503)
      trips.promote(8, state: ServiceTests.state(Self.pipeline("trips")))
      #expect(try await tests.eventually(port, "/v2/health/ready") { $0.status == 200 }.status == 200)

      for (name, version) in [("flights", 3), ("trips", 8)] {
        let answer = try #require(client.post("/v2/models/\(name)/infer", ServiceTests.columns))
        #expect(answer.status == 200)
        #expect(answer.text.contains(#""model_name":"\#(name)""#))
        #expect(answer.text.contains(#""model_version":"\#(version)""#))
        let plain = try #require(client.post("/predict?model=\(name)", Self.record))
        #expect(plain.status == 200 && plain.text.contains("\"version\":\(version)"))
        #expect(client.get("/status.json?model=\(name)")?.text.hasPrefix("{\"pipeline\":\"\(name)\"") == true)
      }
      let index = try #require(client.post("/v2/repository/index", ""))
      #expect(
        index.text == #"[{"name":"flights","version":"3","state":"READY"},"#
          + #"{"name":"trips","version":"8","state":"READY"}]"#)
      let status = try #require(client.get("/status.json"))
      #expect(status.text.hasPrefix(#"{"models":[{"pipeline":"flights","#))
      #expect(status.text.contains(#""pipeline":"trips","#))
      let metrics = try #require(client.get("/metrics"))
      #expect(metrics.text.contains(#"retrain_server_model_version{pipeline="flights"} 3"#))
      #expect(metrics.text.contains(#"retrain_server_model_version{pipeline="trips"} 8"#))
    }
    #expect(flights.isWithdrawn && trips.isWithdrawn)
  }

  @Test("a request that names no model, or none that there is, is told which there are")
  func unnamed() async throws {
    try await withServer([Self.pipeline("flights"), Self.pipeline("trips")], [:]) { port in
      let client = try #require(HTTPClient(port: port))
      let unnamed = try #require(client.post("/predict", Self.record))
      #expect(unnamed.status == 400 && unnamed.text.contains("?model=flights|trips"))
      for path in ["/predict?model=taxis", "/v2/models/taxis/infer"] {
        let unknown = try #require(client.post(path, Self.record))
        #expect(unknown.status == 404 && unknown.text.contains("only “flights”, “trips”"), "\(unknown.text)")
      }
      #expect(client.get("/v2/models/taxis")?.status == 404)
      #expect(client.get("/status.json?model=taxis")?.status == 404)
      #expect(client.get("/v2/repository/index")?.status == 405)
      #expect(client.get("/predict")?.status == 405)
    }
  }

  @Test("one server lets the same people in for all its models")
  func sameAccess() async throws {
    var other = Self.pipeline("trips")
    var token = ServingToken()
    token.token = "0123456789abcdef"
    other.serving.tokens = [token]
    let service = ServerService(
      pipelines: [Self.pipeline("flights"), other], serverID: "server-1", logger: Logger(label: "server", sink: .none),
      openSource: { _ in FakeSource() })
    await #expect(throws: ServingRefusal.self) { try await service.run() }
  }

  @Test("both are registered over the connections of one")
  func registered() async throws {
    let database = try TestDatabase.fresh()
    let registry = try await Registry.open(uri: database.uri, applicationName: "test", deadline: .after(.seconds(30)))
    _ = try await registry.migrate()
    let pipelines = ["flights", "trips"].map(Self.pipeline)
    var records: [Int64] = []
    for pipeline in pipelines {
      let record = try await registry.register(
        pipeline: pipeline.name, specification: "name: \(pipeline.name)", desiredWorkers: 1, until: nil)
      records.append(record.id)
    }
    let service = ServerService(
      pipelines: pipelines, database: DatabaseLocation(uri: database.uri), logger: Logger(label: "server", sink: .none))
    let running = Task { try await service.run() }
    defer { service.requestStop() }
    let deadline = Deadline.after(.seconds(30))
    for record in records {
      while try await registry.servers(pipeline: record).isEmpty, !deadline.hasPassed { await Task.yield() }
      #expect(try await registry.servers(pipeline: record).count == 1)
    }
    service.requestStop()
    try await running.value
    for record in records { #expect(try await registry.servers(pipeline: record).isEmpty) }
    await registry.close()
  }
}
