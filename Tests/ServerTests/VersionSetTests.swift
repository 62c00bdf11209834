import Foundation
import Registry
import Server
import TestKit
import Testing
import Vocabulary

@Suite("The versions that a server holds", .serialized)
struct VersionSetTests {
  private let service = ServiceTests()
  private let infer = "/v2/models/flights/infer"

  private func answering(_ port: Int) -> String? {
    HTTPClient(port: port)?.post(infer, ServiceTests.body)?.version
  }

  private func eventually(_ port: Int, isAnsweredBy number: Int64) async throws {
    let reply = try await service.eventually(port, "/status.json") {
      $0.text.contains(#""version":\#(number),"canary""#)
    }
    #expect(reply.text.contains(#""version":\#(number),"canary""#))
  }

  /// Waits until so many versions are in memory.
  private func eventually(_ port: Int, holds count: Int) async throws {
    let text = "retrain_server_loaded_versions{pipeline=\"flights\"} \(count)\n"
    #expect(try await service.eventually(port, "/metrics") { $0.text.contains(text) }.text.contains(text))
  }

  @Test("a rollback to a warm version needs nothing to be loaded or read: the bad version is gone before that")
  func rollBack() async throws {
    let source = FakeSource()
    for number in Int64(1)...3 { source.promote(number, state: ServiceTests.state()) }
    try await service.withService(samplePipeline(), source) { port in
      try await eventually(port, holds: 3)
      #expect(answering(port) == "3")
      // Whoever asks for a state now waits for ever.
      let release = source.holdStates()
      defer { release() }
      let read = source.read
      source.store(9, state: ServiceTests.state())
      source.change {
        $0 = ServingVersions(
          stable: ServingVersion(2, since: Date()), canary: ServingVersion(9), warm: [ServingVersion(1)])
      }
      try await eventually(port, isAnsweredBy: 2)
      #expect(answering(port) == "2")
      // Also while another is on its way into memory.
      source.change { $0 = ServingVersions(stable: ServingVersion(1, since: Date()), canary: ServingVersion(9)) }
      try await eventually(port, isAnsweredBy: 1)
      #expect(answering(port) == "1")
      #expect(Set(source.read.dropFirst(read.count)).isSubset(of: [90]))
    }
  }

  @Test("versions that stay in play are read once, whatever becomes of them")
  func staysLoaded() async throws {
    let source = FakeSource()
    for number in Int64(1)...3 { source.promote(number, state: ServiceTests.state()) }
    try await service.withService(samplePipeline(), source) { port in
      try await eventually(port, holds: 3)
      source.change {
        $0 = ServingVersions(
          stable: ServingVersion(3, since: Date()), canary: ServingVersion(2), canaryShare: 0.5,
          warm: [ServingVersion(1)])
      }
      _ = try await service.eventually(port, "/status.json") { $0.text.contains(#""canary":2"#) }
      source.change {
        $0 = ServingVersions(stable: ServingVersion(2, since: Date()), warm: [ServingVersion(3), ServingVersion(1)])
      }
      try await eventually(port, isAnsweredBy: 2)
      #expect(source.read.sorted() == [10, 20, 30])
    }
  }

  @Test("while the stable version is on its way into memory the one before answers, unless it was rolled back")
  func standIn() async throws {
    let source = FakeSource()
    source.promote(1, state: ServiceTests.state())
    source.promote(2, state: ServiceTests.state())
    try await service.withService(samplePipeline(), source) { port in
      try await eventually(port, holds: 2)
      let release = source.holdStates()
      source.promote(3, state: ServiceTests.state())
      let deadline = Deadline.after(.seconds(20))
      while !source.read.contains(30), !deadline.hasPassed { await Task.yield() }
      #expect(answering(port) == "2")
      // Rolled back, and with it nothing but a version that is not in memory to return to: the last sound one that is.
      source.change { $0 = ServingVersions(stable: ServingVersion(4), warm: [ServingVersion(1)]) }
      try await eventually(port, isAnsweredBy: 1)
      #expect(answering(port) == "1")
      source.change { $0 = ServingVersions(stable: ServingVersion(4)) }
      #expect(try await service.eventually(port, "/v2/health/ready") { $0.status == 503 }.status == 503)
      source.store(4, state: ServiceTests.state())
      release()
      try await eventually(port, isAnsweredBy: 4)
    }
  }

  @Test("headers say over HTTP whose request it is and which version is to answer")
  func headers() async throws {
    let source = FakeSource()
    for number in Int64(1)...3 { source.store(number, state: ServiceTests.state()) }
    source.change {
      $0 = ServingVersions(
        stable: ServingVersion(2), canary: ServingVersion(3), canaryShare: 0.5, warm: [ServingVersion(1)])
    }
    try await service.withService(samplePipeline(), source) { port in
      try await eventually(port, holds: 3)
      let client = try #require(HTTPClient(port: port))
      func ask(_ headers: String...) -> HTTPClient.Reply? {
        client.request("POST", infer, body: Array(ServiceTests.body.utf8), headers: headers)
      }
      for number in 1...3 { #expect(ask("x-retrain-VERSION: \(number)")?.version == "\(number)") }
      #expect(ask("X-Retrain-Version: 9")?.status == 404)
      let record = #"{"x":{"speed":50,"weight":2}}"#
      #expect(client.post("/predict?explain=true", record)?.text.contains(#""contributions":["#) == true)
      #expect(client.post("/predict?explain=false", record)?.text.contains("contributions") == false)
      let named = client.request("POST", "/predict", body: Array(record.utf8), headers: ["X-Retrain-Version: 1"])
      #expect(named?.text.contains(#""version":1,"canary":false"#) == true)
      let keys = (0..<64).map { "user-\($0)" }
      let first = keys.map { ask("X-Retrain-Key: \($0)")?.version }
      #expect(Set(first) == ["2", "3"])
      for _ in 0..<3 { #expect(keys.map { ask("X-Retrain-Key: \($0)")?.version } == first) }
    }
  }

  @Test("a warm version that cannot be loaded costs the others nothing")
  func damagedWarmVersion() async throws {
    let source = FakeSource()
    source.store(1, state: [1, 2, 3])
    source.store(2, state: ServiceTests.state())
    source.store(3, state: ServiceTests.state())
    source.change { $0 = ServingVersions(stable: ServingVersion(3), warm: [ServingVersion(1), ServingVersion(2)]) }
    try await service.withService(samplePipeline(), source) { port in
      try await eventually(port, holds: 2)
      #expect(answering(port) == "3")
      let looks = source.reports.count
      let deadline = Deadline.after(.seconds(20))
      while source.reports.count < looks + 3, !deadline.hasPassed { await Task.yield() }
      #expect(source.read == [30, 10, 20])
    }
  }
}

extension HTTPClient.Reply {
  /// The version that a reply to `infer` names.
  var version: String? {
    let parts = text.split(separator: "\"")
    return parts.firstIndex(of: "model_version").flatMap { $0 + 2 < parts.count ? String(parts[$0 + 2]) : nil }
  }
}
