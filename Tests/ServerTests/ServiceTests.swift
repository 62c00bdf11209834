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
    _ pipeline: Pipeline = samplePipeline(), _ source: FakeSource, _ body: (Int) async throws -> Void
  ) async throws {
    let service = ServerService(
      pipeline: pipeline, serverID: "server-1", logger: Logger(label: "server", sink: .none),
      tick: .milliseconds(50), openSource: { source })
    let running = Task { try await service.run() }
    defer { service.requestStop() }
    let deadline = Deadline.after(.seconds(20))
    var port: Int?
    while port == nil, !deadline.hasPassed {
      port = await service.port
      await Task.yield()
    }
    try await body(try #require(port))
    service.requestStop()
    try await running.value
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
      #expect(report.outputs == [1: .init(requests: 2, nonFinite: 0)])
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
        let text = "\"version\":\(version),"
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
      let isBack: (String) -> Bool = { $0.contains(#""version":2,"#) && $0.contains(#""registry":true"#) }
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
      _ = try await eventually(port, "/status.json") { $0.text.contains(#""version":3,"#) }
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
}

/// Tells threads to end.
private final class Flag: Sendable {
  private let state = Atomic(false)
  var isRaised: Bool { state.load(ordering: .relaxed) }
  func raise() { state.store(true, ordering: .relaxed) }
}
