import Foundation
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("Alerts in the registry")
struct AlertStoreTests {
  private func view(
    _ fixture: RegistryFixture, _ receiver: String = "r", kinds: [String] = []
  ) async throws -> AlertView? {
    try await fixture.registry.alertView(
      pipeline: fixture.pipeline, receiver: receiver, severities: [.warning, .error], kinds: kinds)
  }

  @Test("a receiver sees what goes on and what happened since it is known, until it was told, and then the ends")
  func view() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    #expect(try await view(fixture) == nil)
    let old = try await registry.openIncident(
      pipeline: pipeline, IncidentDraft(kind: "records_lost", severity: .warning))
    try fixture.database.session().query(
      "UPDATE incidents SET opened_at = now() - make_interval(hours => 2) WHERE id = $1", [.int(old)])
    try await registry.setAlertReceivers(["r", "other"], pipeline: pipeline)
    let moment = try await registry.openIncident(
      pipeline: pipeline, IncidentDraft(kind: "records_lost", severity: .warning))
    try await registry.openIncident(pipeline: pipeline, IncidentDraft(kind: "pipeline_edited", severity: .notice))
    let trouble = try await registry.openTrouble(pipeline: pipeline, IncidentDraft(kind: "drift", severity: .notice))
    let first = try #require(try await view(fixture))
    #expect(first.incidents.map(\.incident) == [trouble, moment] && first.incidents.allSatisfy { !$0.wasTold })
    #expect(first.incidents.map(\.isLasting) == [true, false])
    #expect(try await view(fixture, kinds: ["blurred"])?.incidents.map(\.incident) == [trouble], "it may be a cause")
    #expect(abs(first.now.timeIntervalSinceNow) < 60 && first.desiredState == .running)

    let note = AlertNote(told: [trouble, moment], settled: [moment])
    for _ in 0..<2 { try await registry.noteAlerts(pipeline: pipeline, receiver: "r", note) }
    #expect(try await view(fixture)?.incidents.map(\.wasTold) == [true])
    #expect(try await view(fixture, "other")?.incidents.count == 2)
    try await registry.closeTroubles(pipeline: pipeline, kind: "drift")
    #expect(try await view(fixture)?.incidents.first?.closedAt != nil)
    #expect(try await view(fixture, "other")?.incidents.map(\.incident) == [moment])
    try await registry.noteAlerts(pipeline: pipeline, receiver: "r", AlertNote(settled: [trouble]))
    #expect(try await view(fixture)?.incidents.isEmpty == true)
    // An incident that there is not is told to nobody.
    try await registry.noteAlerts(pipeline: pipeline, receiver: "r", AlertNote(told: [9999]))
    try await registry.setAlertReceivers(["other"], pipeline: pipeline)
    #expect(try await view(fixture) == nil)
    await registry.close()
  }

  @Test("what happened in a moment is passed once it is settled; what waits is not, nor what is still being written")
  func passing() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    try await registry.setAlertReceivers(["r"], pipeline: pipeline)
    let session = try fixture.database.session()
    func from() throws -> Date {
      try session.query("SELECT moments_from FROM alert_receivers")[0].value("moments_from")
    }
    func pass() async throws -> Double {
      try await registry.passMoments(of: try #require(try await view(fixture)), pipeline: pipeline)
      return -(try from().timeIntervalSinceNow)
    }
    let moment = try await registry.openIncident(
      pipeline: pipeline, IncidentDraft(kind: "records_lost", severity: .warning))
    try session.query("UPDATE incidents SET opened_at = now() - make_interval(mins => 10)")
    let waiting = try await pass()
    #expect(abs(waiting - 601) < 30)
    #expect(try await view(fixture)?.incidents.map(\.incident) == [moment])
    try await registry.noteAlerts(pipeline: pipeline, receiver: "r", AlertNote(told: [moment]))
    let told = try await pass()
    #expect(abs(told - 120) < 30)
    #expect(try await view(fixture)?.incidents.map(\.incident) == [moment], "its end is to be told")
    try await registry.noteAlerts(pipeline: pipeline, receiver: "r", AlertNote(settled: [moment]))
    #expect(try await view(fixture)?.incidents.isEmpty == true)
    await registry.close()
  }

  @Test("a message is sent by whoever holds the lease and the claim, and by nobody who looked before the last one")
  func claims() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    try await registry.setAlertReceivers(["r"], pipeline: pipeline)
    let lease = try #require(try await registry.acquireLease(pipeline: pipeline, holder: "a", ttl: .seconds(60)))
    func claim(_ sentAt: Date?, _ time: Duration = .seconds(60)) async throws -> Bool {
      try await registry.claimAlerts(lease: lease, receiver: "r", sentAt: sentAt, for: time)
    }
    #expect(try await claim(nil, .zero))
    #expect(try await claim(nil), "the time of the first is over")
    #expect(try await !claim(nil))
    try await registry.noteAlertFailure(pipeline: pipeline, receiver: "r", reason: "it answers 500", waiting: 3)
    #expect(try await claim(nil))
    try await registry.noteAlertFailure(pipeline: pipeline, receiver: "r", reason: "it answers 502", waiting: 4)
    let failing = try #require(try await registry.alertReceivers(pipeline: pipeline).first)
    #expect(failing.failures == 2 && failing.reason == "it answers 502" && failing.waiting == 4)
    #expect(try #require(failing.failingSince) < (try #require(failing.failedAt)))
    try await registry.noteAlerts(pipeline: pipeline, receiver: "r", AlertNote())
    let sent = try #require(try await registry.alertReceivers(pipeline: pipeline).first)
    #expect(sent.failures == 0 && sent.failingSince == nil && sent.reason == nil && sent.sentAt != nil)
    #expect(try await !claim(nil))
    #expect(try await claim(sent.sentAt))
    try await registry.release(lease)
    await #expect(throws: RegistryError.self) { try await claim(sent.sentAt) }
    await registry.close()
  }

  @Test("a worker that begins closes what workers told of, and not what the controller sees: it would be told as over")
  func workersTroubles() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    for kind in ["saturated", "diverging", "broker"] {
      try await registry.openTrouble(pipeline: pipeline, IncidentDraft(kind: kind, severity: .error))
    }
    func open() async throws -> [String] {
      try await registry.incidents(pipeline: pipeline, limit: 9).filter { $0.closedAt == nil }.map(\.kind)
    }
    try await registry.closeTroubles(pipeline: pipeline)
    #expect(try await open() == ["saturated"])
    try await registry.closeTroubles(pipeline: pipeline, kind: "saturated")
    #expect(try await open().isEmpty)
    await registry.close()
  }

  @Test("a halt is an incident until a person starts the pipeline again, whatever workers say is over")
  func halt() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    for reason in ["first", "second"] { try await registry.halt(pipeline: pipeline, reason: reason) }
    try await registry.closeTroubles(pipeline: pipeline)
    let halts = try await registry.incidents(pipeline: pipeline, limit: 9)
    #expect(halts.map(\.kind) == ["halted"] && halts[0].closedAt == nil && halts[0].sentence.text() == "first")
    _ = try await registry.register(pipeline: "flights", specification: "name: flights", desiredWorkers: 1, until: nil)
    #expect(try await registry.incidents(pipeline: pipeline, limit: 9).first?.closedAt != nil)
    await registry.close()
  }
}
