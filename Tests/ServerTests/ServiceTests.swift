import Foundation
import Learning
import Pipelines
import Registry
import Server
import Synchronization
import Telemetry
import TestKit
import Testing
import Vocabulary

@Suite("The service on loopback", .serialized)
struct ServiceTests {
  /// The state of an untrained learner.
  static func state(_ pipeline: Pipeline = samplePipeline()) -> [UInt8] {
    Learner(spec: LearnerSpec(pipeline), batchCapacity: 8).encodeState()
  }

  static let body = """
    {"inputs":[{"name":"record","datatype":"BYTES","shape":[1],\
    "data":["{\\"x\\":{\\"speed\\":50,\\"weight\\":2,\\"night\\":true,\\"carrier\\":\\"AA\\"}}"]}]}
    """
  static let columns = """
    {"inputs":[{"name":"speed","shape":[1],"datatype":"FP32","data":[50]},\
    {"name":"weight","shape":[1],"datatype":"FP32","data":[2]},\
    {"name":"night","shape":[1],"datatype":"BOOL","data":[true]},\
    {"name":"carrier","shape":[1],"datatype":"BYTES","data":["AA"]}]}
    """

  /// Runs a service beside `body` and stops it whatever comes.
  func withService(
    _ pipeline: Pipeline = samplePipeline(), _ source: FakeSource, doors: ServerDoors = ServerDoors(drain: .zero),
    _ body: (Int) async throws -> Void
  ) async throws {
    let service = ServerService(
      pipeline: pipeline, serverID: "server-1", logger: Logger(label: "server", sink: .none), doors: doors,
      tick: .milliseconds(50), openSource: { source })
    let running = Task { try await service.run() }
    defer { service.requestStop() }
    try await body(try await soon { await service.port })
    service.requestStop()
    try await running.value
  }

  /// A port of the service, once it listens there.
  private func soon(_ port: () async -> Int?) async throws -> Int {
    let deadline = Deadline.after(.seconds(20))
    while !deadline.hasPassed {
      if let open = await port() { return open }
      await Task.yield()
    }
    return try #require(await port())
  }

  /// Asks until the answer is as wanted; the last one, whatever it is.
  func eventually(_ port: Int, _ path: String, _ wanted: (HTTPClient.Reply) -> Bool) async throws -> HTTPClient.Reply {
    let deadline = Deadline.after(.seconds(20))
    while true {
      let client = try #require(HTTPClient(port: port))
      let reply = try #require(client.get(path))
      if wanted(reply) || deadline.hasPassed { return reply }
      await Task.yield()
    }
  }

  @Test("a promoted version answers over HTTP, records and columns alike, and the report says so")
  func serves() async throws {
    let source = FakeSource()
    try await withService(samplePipeline(), source) { port in
      let client = try #require(HTTPClient(port: port))
      #expect(client.get("/v2/health/live")?.status == 200)
      #expect(client.get("/healthz")?.text == #"{"live":true}"#)
      #expect(client.post("/v2/models/flights/infer", Self.body)?.status == 503)
      source.promote(1, state: Self.state())
      #expect(try await eventually(port, "/v2/health/ready") { $0.status == 200 }.status == 200)
      let records = try #require(client.post("/v2/models/flights/infer", Self.body))
      let columns = try #require(client.post("/v2/models/flights/infer", Self.columns))
      #expect(records.status == 200)
      #expect(records.text == columns.text)
      #expect(records.text.contains(#""model_version":"1""#))
      let deadline = Deadline.after(.seconds(20))
      while source.reports.last?.outputs[1]?.requests != 2, !deadline.hasPassed { await Task.yield() }
      let report = try #require(source.reports.last)
      #expect(report.port == port)
      #expect(report.version == 1)
      #expect(report.outputs.keys.sorted() == [1])
      let outputs = try #require(report.outputs[1])
      #expect(outputs.requests == 2 && outputs.nonFinite == 0 && outputs.errors == 0 && outputs.shed == 0)
      #expect(outputs.latency.reduce(0, +) == 2)
    }
    #expect(source.isWithdrawn)
  }

  @Test("versions change under load without one failed request", arguments: [1, 3])
  func swapUnderLoad(threads: Int) async throws {
    let source = FakeSource()
    let pipeline = samplePipeline(threads: threads)
    let state = Self.state(pipeline)
    source.promote(1, state: state)
    let isDone = Flag()
    try await withService(pipeline, source) { port in
      _ = try await eventually(port, "/v2/health/ready") { $0.status == 200 }
      let clients = (0..<4).map { _ in
        Task.detached {
          await withCheckedContinuation { continuation in
            Thread {
              var versions: Set<String> = []
              var failures = 0
              var count = 0
              let client = HTTPClient(port: port)
              while !isDone.isRaised {
                count += 1
                guard let reply = client?.post("/v2/models/flights/infer", Self.body), reply.status == 200 else {
                  failures += 1
                  if failures > 10 { break }
                  continue
                }
                let parts = reply.text.split(separator: "\"")
                if let place = parts.firstIndex(of: "model_version") { versions.insert(String(parts[place + 2])) }
              }
              continuation.resume(returning: (versions, failures, count))
            }.start()
          }
        }
      }
      for version in 2...20 {
        source.promote(Int64(version), state: state, tells: version % 5 != 0)
        let text = "\"version\":\(version),\"canary\""
        #expect(try await eventually(port, "/status.json") { $0.text.contains(text) }.text.contains(text))
      }
      isDone.raise()
      var seen: Set<String> = []
      for client in clients {
        let (versions, failures, count) = await client.value
        #expect(failures == 0)
        #expect(count > 0)
        seen.formUnion(versions)
      }
      #expect(seen.isSubset(of: Set((1...20).map(String.init))))
      #expect(seen.count > 5)
    }
  }

  @Test("while the registry is away the version in memory goes on answering")
  func registryAway() async throws {
    let source = FakeSource()
    source.promote(1, state: Self.state())
    try await withService(samplePipeline(), source) { port in
      _ = try await eventually(port, "/v2/health/ready") { $0.status == 200 }
      source.isAway = true
      let away = try await eventually(port, "/status.json") { $0.text.contains(#""registry":false"#) }
      #expect(away.text.contains(#""registry":false"#))
      let client = try #require(HTTPClient(port: port))
      #expect(client.post("/v2/models/flights/infer", Self.body)?.status == 200)
      source.promote(2, state: Self.state())
      source.isAway = false
      let isBack: (String) -> Bool = { $0.contains(#""version":2,"canary""#) && $0.contains(#""registry":true"#) }
      let back = try await eventually(port, "/status.json") { isBack($0.text) }
      #expect(isBack(back.text))
    }
  }

  @Test("a version that cannot be loaded does not take the place of one that works")
  func damagedState() async throws {
    let source = FakeSource()
    source.promote(1, state: Self.state())
    try await withService(samplePipeline(), source) { port in
      _ = try await eventually(port, "/v2/health/ready") { $0.status == 200 }
      source.promote(2, state: [1, 2, 3])
      let reports = source.reports.count
      let deadline = Deadline.after(.seconds(20))
      while source.reports.count < reports + 3, !deadline.hasPassed { await Task.yield() }
      let client = try #require(HTTPClient(port: port))
      #expect(client.post("/v2/models/flights/infer", Self.body)?.text.contains(#""model_version":"1""#) == true)
      source.promote(3, state: Self.state())
      _ = try await eventually(port, "/status.json") { $0.text.contains(#""version":3,"canary""#) }
      #expect(client.post("/v2/models/flights/infer", Self.body)?.text.contains(#""model_version":"3""#) == true)
    }
  }

  @Test("when no version is stable any more, none answers")
  func withdrawn() async throws {
    let source = FakeSource()
    source.promote(1, state: Self.state())
    try await withService(samplePipeline(), source) { port in
      _ = try await eventually(port, "/v2/health/ready") { $0.status == 200 }
      source.withdrawStable()
      #expect(try await eventually(port, "/v2/health/ready") { $0.status == 503 }.status == 503)
    }
  }

  /// Waits for a report that is as wanted; the last one, whatever it is.
  func report(_ source: FakeSource, _ wanted: (ServerReport) -> Bool = { _ in true }) async -> ServerReport? {
    let deadline = Deadline.after(.seconds(20))
    while !(source.reports.last.map(wanted) ?? false), !deadline.hasPassed { await Task.yield() }
    return source.reports.last
  }

  @Test("what is advertised is registered; a server that listens everywhere is never registered as 0.0.0.0")
  func advertising() async throws {
    let source = FakeSource()
    var doors = ServerDoors(advertise: HostPort(host: "models.internal", port: 80), drain: .zero)
    try await withService(samplePipeline(), source, doors: doors) { _ in
      let report = try #require(await report(source))
      #expect(report.address == "models.internal" && report.port == 80)
    }
    doors.advertise?.port = 0
    let second = FakeSource()
    try await withService(samplePipeline(), second, doors: doors) { port in
      #expect(await report(second)?.port == port)
    }
    let everywhere = FakeSource()
    doors = ServerDoors(listen: HostPort(host: "0.0.0.0", port: 0), drain: .zero)
    var open = samplePipeline()
    open.serving.isOpen = true
    try await withService(open, everywhere, doors: doors) { port in
      let report = try #require(await report(everywhere))
      #expect(report.address != "0.0.0.0" && !report.address.isEmpty)
      #expect(report.port == port)
    }
    let loopback = FakeSource()
    doors = ServerDoors(listen: HostPort(host: "::1", port: 0), drain: .zero)
    try await withService(samplePipeline(), loopback, doors: doors) { _ in
      #expect(await report(loopback)?.address == "::1")
    }
  }

  @Test("health and metrics are answered on an address of their own, and predictions are not")
  func observation() async throws {
    let source = FakeSource()
    source.promote(1, state: Self.state())
    let service = ServerService(
      pipeline: samplePipeline(), serverID: "server-1", logger: Logger(label: "server", sink: .none),
      doors: ServerDoors(observation: HostPort(host: "127.0.0.1", port: 0), drain: .zero), tick: .milliseconds(50),
      openSource: { source })
    let running = Task { try await service.run() }
    defer { service.requestStop() }
    let beside = try await soon { await service.observationPort }
    #expect(try await eventually(beside, "/v2/health/ready") { $0.status == 200 }.status == 200)
    let client = try #require(HTTPClient(port: beside))
    #expect(client.get("/metrics")?.text.contains("retrain_server_requests_total") == true)
    #expect(client.post("/v2/models/flights/infer", Self.body)?.status == 404)
    service.requestStop()
    try await running.value
  }

  @Test("a server that is told to stop is not ready, has left the registry, and answers as long as somebody asks")
  func draining() async throws {
    let source = FakeSource()
    source.promote(1, state: Self.state())
    let service = ServerService(
      pipeline: samplePipeline(), serverID: "server-1", logger: Logger(label: "server", sink: .none),
      doors: ServerDoors(drain: .seconds(20)), tick: .milliseconds(50), openSource: { source })
    let running = Task { try await service.run() }
    defer { service.requestStop() }
    let open = try await soon { await service.port }
    let deadline = Deadline.after(.seconds(20))
    #expect(try await eventually(open, "/v2/health/ready") { $0.status == 200 }.status == 200)
    service.requestStop()
    while !source.isWithdrawn, !deadline.hasPassed { await Task.yield() }
    let reply = try #require(HTTPClient(port: open)?.post("/v2/models/flights/infer", Self.body))
    #expect(reply.status == 200)
    #expect(reply.headers["connection"]?.lowercased() == "close")
    #expect(HTTPClient(port: open)?.get("/v2/health/ready")?.status == 503)
    try await running.value
    #expect(HTTPClient(port: open)?.get("/v2/health/ready") == nil)
  }

  @Test("a large request does not hold small ones up, and both are answered by the same version")
  func largeBesideSmall() async throws {
    let source = FakeSource()
    source.promote(1, state: Self.state())
    try await withService(samplePipeline(), source) { port in
      _ = try await eventually(port, "/v2/health/ready") { $0.status == 200 }
      let padding = String(repeating: "1,", count: 500_000)
      let large = "{\"passed_over\":[\(padding)1]," + Self.columns.dropFirst()
      let client = try #require(HTTPClient(port: port))
      let heavy = try #require(client.post("/v2/models/flights/infer", large))
      let light = try #require(client.post("/v2/models/flights/infer", Self.columns))
      #expect(heavy.status == 200)
      #expect(heavy.text == light.text)
    }
  }
}

/// Tells threads to end.
private final class Flag: Sendable {
  private let state = Atomic(false)
  var isRaised: Bool { state.load(ordering: .relaxed) }
  func raise() { state.store(true, ordering: .relaxed) }
}
