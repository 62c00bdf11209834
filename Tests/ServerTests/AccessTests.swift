import Foundation
import HTTP
import Pipelines
import Registry
import Server
import Telemetry
import TestKit
import Testing
import Vocabulary

@Suite("Who is let in", .serialized)
struct AccessTests {
  private static let words: [ServingToken.Role: String] = [
    .read: "read-0123456789abcdef", .predict: "predict-0123456789abcdef", .operate: "operate-0123456789abcdef",
  ]

  private static func token(_ role: ServingToken.Role, _ text: String? = nil) -> ServingToken {
    var token = ServingToken()
    token.role = role
    token.token = text ?? words[role] ?? ""
    return token
  }

  private static func pipeline(_ roles: [ServingToken.Role] = ServingToken.Role.allCases) -> Pipeline {
    var pipeline = samplePipeline()
    pipeline.serving.tokens = roles.map { token($0) }
    return pipeline
  }

  private static func authorization(_ role: ServingToken.Role) -> [String] {
    ["Authorization: Bearer \(words[role] ?? "")"]
  }

  /// A folder of its own with a certificate, and the settings that name it.
  private func withCertificate(
    _ body: (TestCertificate, ServingCertificate, (TestCertificate) throws -> Void) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "retrain-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var paths = ServingCertificate()
    (paths.certificate, paths.key) = (folder.appending(path: "server.pem").path, folder.appending(path: "key.pem").path)
    let write = { [paths] (pair: TestCertificate) in
      try Data(pair.certificate).write(to: URL(filePath: paths.certificate), options: .atomic)
      try Data(pair.key).write(to: URL(filePath: paths.key), options: .atomic)
    }
    let first = try #require(TestCertificate())
    try write(first)
    try await body(first, paths, write)
  }

  @Test("each role may do what it is for, and what those before it may; health needs no token")
  func roles() async throws {
    let source = FakeSource()
    source.promote(1, state: ServiceTests.state())
    let tests = ServiceTests()
    try await tests.withService(Self.pipeline(), source) { port in
      _ = try await tests.eventually(port, "/v2/health/ready") { $0.status == 200 }
      let client = try #require(HTTPClient(port: port))
      func status(_ method: String, _ path: String, _ headers: [String]) -> Int? {
        client.request(method, path, body: method == "POST" ? Array(ServiceTests.columns.utf8) : [], headers: headers)?
          .status
      }
      let infer = "/v2/models/flights/infer"
      let asked: [(method: String, path: String, headers: [String], role: ServingToken.Role)] = [
        ("GET", "/status.json", [], .read), ("GET", "/metrics", [], .read), ("GET", "/v2/models/flights", [], .read),
        ("POST", infer, [], .predict), ("POST", "/v2/models/flights/versions/1/infer", [], .operate),
        ("POST", infer, ["X-Retrain-Version: 1"], .operate),
      ]
      for (method, path, headers, needed) in asked {
        #expect(status(method, path, headers) == 401, "\(path)")
        #expect(status(method, path, headers + ["Authorization: Bearer nobody-0123456789abcdef"]) == 401)
        #expect(status(method, path, headers + ["Authorization: Basic dTpw"]) == 401)
        for role in ServingToken.Role.allCases {
          let expected = role >= needed ? 200 : 403
          #expect(status(method, path, headers + Self.authorization(role)) == expected, "\(role) \(path)")
        }
      }
      #expect(status("GET", "/nowhere", []) == 401 && status("GET", "/nowhere", Self.authorization(.read)) == 404)
      for path in ["/healthz", "/v2/health/live", "/v2/health/ready"] { #expect(status("GET", path, []) == 200) }
      let refused = try #require(client.get("/metrics"))
      #expect(refused.headers["www-authenticate"] == "Bearer")
      let metrics = try #require(client.request("GET", "/metrics", headers: Self.authorization(.read)))
      #expect(metrics.text.contains(#"retrain_server_requests_total{code="401",pipeline="flights"}"#))
      let status = try #require(client.request("GET", "/status.json", headers: Self.authorization(.read)))
      for word in Self.words.values { #expect(!metrics.text.contains(word) && !status.text.contains(word)) }
    }
  }

  @Test("a body is not waited for when nobody may send it")
  func earlyRefusal() async throws {
    let tests = ServiceTests()
    try await tests.withService(Self.pipeline(), FakeSource()) { port in
      let client = try #require(HTTPClient(port: port))
      let head =
        "POST /v2/models/flights/infer HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"
      client.send(Array(head.utf8))
      #expect(client.line()?.contains("401") == true)
    }
  }

  @Test("metrics beside ask for a token only where somebody has one to read")
  func observation() async throws {
    for (roles, expected) in [([.predict], 200), ([.predict, .read], 401)] as [([ServingToken.Role], Int)] {
      let service = ServerService(
        pipeline: Self.pipeline(roles), serverID: "server-1", logger: Logger(label: "server", sink: .none),
        doors: ServerDoors(observation: HostPort(host: "127.0.0.1", port: 0), drain: .zero), tick: .milliseconds(50),
        openSource: { FakeSource() })
      let running = Task { try await service.run() }
      defer { service.requestStop() }
      let deadline = Deadline.after(.seconds(20))
      while await service.observationPort == nil, !deadline.hasPassed { await Task.yield() }
      let beside = try #require(await service.observationPort)
      let client = try #require(HTTPClient(port: beside))
      #expect(client.get("/metrics")?.status == expected)
      #expect(client.get("/healthz")?.status == 200)
      service.requestStop()
      try await running.value
    }
  }

  private func refusal(_ pipeline: Pipeline, listen: HostPort? = nil) async -> String? {
    let service = ServerService(
      pipeline: pipeline, serverID: "server-1", logger: Logger(label: "server", sink: .none),
      doors: ServerDoors(listen: listen, drain: .zero), openSource: { FakeSource() })
    do {
      try await service.run()
      return nil
    } catch { return String(describing: error) }
  }

  @Test("a server does not listen beyond its machine without TLS and tokens, unless it is told to be open")
  func exposure() async throws {
    let everywhere = HostPort(host: "0.0.0.0", port: 0)
    let plain = await refusal(samplePipeline(), listen: everywhere)
    #expect(plain?.contains("no TLS and tokens") == true && plain?.contains("serving.open: true") == true)
    #expect(await refusal(Self.pipeline(), listen: everywhere)?.contains("no TLS:") == true)
    var ciphered = samplePipeline()
    ciphered.serving.address = "::"
    ciphered.serving.tls = ServingCertificate()
    #expect(await refusal(ciphered)?.contains("no tokens:") == true)
  }

  @Test("tokens that are short or the same are refused, and not shown")
  func tokens() async throws {
    var short = samplePipeline()
    short.serving.tokens = [Self.token(.read, "hunter2")]
    let words = try #require(await refusal(short))
    #expect(words.contains("shorter than 16") && !words.contains("hunter2"))
    #expect(!String(reflecting: short).contains("hunter2") && !"\(short)".contains("hunter2"))
    var twice = samplePipeline()
    twice.serving.tokens = [Self.token(.read, "0123456789abcdef"), Self.token(.operate, "0123456789abcdef")]
    #expect(await refusal(twice)?.contains("the same token") == true)
  }

  @Test("a new certificate is taken up while connections go on; a damaged one is not")
  func renewal() async throws {
    try await withCertificate { first, paths, write in
      var pipeline = Self.pipeline()
      pipeline.serving.tls = paths
      let source = FakeSource()
      source.promote(1, state: ServiceTests.state())
      try await ServiceTests().withService(pipeline, source) { port in
        let stays = try #require(TLSClient(port: port))
        #expect(stays.peer == first.encoded)
        #expect(stays.ask("/healthz") == "HTTP/1.1 200 OK")
        #expect(stays.ask("/status.json")?.contains("401") == true)
        #expect(stays.ask("/status.json", headers: Self.authorization(.read)) == "HTTP/1.1 200 OK")
        // Without TLS nothing is told at all.
        #expect(HTTPClient(port: port)?.get("/healthz") == nil)

        var call = HTTPCall(url: "https://127.0.0.1:\(port)/healthz")
        #expect(throws: HTTPCallError.self) { try call.answer(until: .after(.seconds(20))) }
        call.trustFile = paths.certificate
        #expect(try call.answer(until: .after(.seconds(20))).status == 200)

        // The key of another certificate: refused, and the one before goes on.
        let second = try #require(TestCertificate())
        try Data(second.certificate).write(to: URL(filePath: paths.certificate), options: .atomic)
        for _ in 0..<5 { #expect(TLSClient(port: port)?.peer == first.encoded) }
        try write(second)
        let deadline = Deadline.after(.seconds(20))
        var peer: [UInt8] = []
        while peer != second.encoded, !deadline.hasPassed { peer = TLSClient(port: port)?.peer ?? [] }
        #expect(peer == second.encoded)
        #expect(stays.ask("/healthz") == "HTTP/1.1 200 OK")
      }
    }
  }

  @Test("a certificate that is not there, or has another's key, is named")
  func badCertificates() async throws {
    try await withCertificate { _, paths, _ in
      var pipeline = samplePipeline()
      pipeline.serving.tls = paths
      let other = try #require(TestCertificate())
      try Data(other.key).write(to: URL(filePath: paths.key))
      #expect(await refusal(pipeline)?.contains("the key is not the certificate's") == true)
      try Data("nothing".utf8).write(to: URL(filePath: paths.certificate))
      #expect(await refusal(pipeline)?.contains("the certificate cannot be read") == true)
      pipeline.serving.tls?.certificate = "/nowhere/server.pem"
      #expect(await refusal(pipeline)?.contains("/nowhere/server.pem cannot be read") == true)
    }
  }
}
