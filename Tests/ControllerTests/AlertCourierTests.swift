import Confinement
import Controller
import Foundation
import HTTP
import Pipelines
import Registry
import Synchronization
import Telemetry
import TestKit
import Testing
import Vocabulary

/// A webhook that takes messages, or does not.
private final class Hook: Sendable {
  struct Message: Decodable, Sendable {
    struct Alert: Decodable, Sendable {
      let status, startsAt, endsAt: String
      let labels, annotations: [String: String]
    }
    let status, receiver, groupKey: String
    let truncatedAlerts: Int
    let alerts: [Alert]
  }

  private struct State {
    var messages: [Message] = []
    var attempts = 0
    var status = 200
  }
  private let state = Mutex(State())

  var messages: [Message] { state.withLock { $0.messages } }
  var attempts: Int { state.withLock { $0.attempts } }
  func answer(_ status: Int) { state.withLock { $0.status = status } }

  func take(_ request: HTTPRequest) -> HTTPResponse {
    let message = try? JSONDecoder().decode(Message.self, from: Data(request.body))
    return state.withLock { state in
      state.attempts += 1
      if state.status == 200, let message { state.messages.append(message) }
      return HTTPResponse(status: state.status, text: "")
    }
  }
}

/// What was logged.
private final class Lines: Sendable {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  var sink: LogSink { LogSink { entry in self.lines.withLock { $0.append(entry.line(.text)) } } }
}

/// A registry with a pipeline whose incidents the test opens and closes.
private struct Rig {
  let database: TestDatabase
  let registry: Registry
  let pipelineID: Int64
  let pipeline: Pipeline

  static func make(_ receivers: AlertSettings...) async throws -> Rig {
    let database = try TestDatabase.fresh()
    let registry = try await Registry.open(uri: database.uri, applicationName: "rig", deadline: .after(.seconds(20)))
    _ = try await registry.migrate()
    let pipeline = Pipeline(
      name: "told", source: SourceSettings(topic: "t"),
      schema: FeatureSchema(label: LabelSettings(path: "y"), features: [FeatureSettings(name: "a", type: .float)]),
      model: ModelSettings(task: .binary), training: TrainingSettings(), checkpoint: CheckpointSettings(),
      health: HealthSettings(), rollout: RolloutSettings(), serving: ServingSettings(), alerts: receivers)
    let record = try await registry.register(
      pipeline: pipeline.name, specification: "name: told", desiredWorkers: 1, until: nil)
    return Rig(database: database, registry: registry, pipelineID: record.id, pipeline: pipeline)
  }

  static func receiver(_ server: HTTPServer, path: String = "/hook", wait: Duration = .zero) -> AlertSettings {
    var settings = AlertSettings()
    settings.webhook = "http://user:p4ssw0rd@\(server.address)\(path)?key=s3cr3t"
    settings.groupWait = wait
    settings.groupInterval = .milliseconds(100)
    return settings
  }

  /// Runs `body` beside a controller, which is then asked to end.
  func controlled(
    _ holder: String = "c", lines: Lines = Lines(), metrics: MetricsRegistry = MetricsRegistry(),
    _ body: () async throws -> Void
  ) async throws {
    let service = ControllerService(
      pipeline: pipeline, database: DatabaseLocation(uri: database.uri), holder: holder, metrics: metrics,
      logger: Logger(label: holder, sink: lines.sink))
    let run = Task { try await service.run() }
    do { try await body() } catch {
      service.requestStop()
      try? await run.value
      throw error
    }
    service.requestStop()
    try await run.value
  }

  func open(_ kind: String, _ severity: IncidentDraft.Severity = .error) async throws {
    try await registry.openTrouble(
      pipeline: pipelineID,
      IncidentDraft(
        kind: kind, severity: severity, layer: "hidden_1", details: IncidentDraft.details(["reason": "as it is"])))
  }
}

/// Waits until something is so, for a while at most.
private func eventually(
  _ what: String, within time: Duration = .seconds(40), _ isSo: () async throws -> Bool
) async throws {
  let deadline = Deadline.after(time)
  while try await !isSo() {
    try #require(!deadline.hasPassed, "\(what)")
    await Task.yield()
    _ = try await onDedicatedThread(named: "pause") { poll(nil, 0, 20) }
  }
}

@Suite("Telling of incidents", .serialized)
struct AlertCourierTests {
  @Test("an incident is told once when it begins and once when it is over, whoever holds the lease by then")
  func restart() async throws {
    let hook = Hook()
    let server = try HTTPServer.start { hook.take($0) }
    defer { server.stop() }
    let rig = try await Rig.make(Rig.receiver(server))
    try await rig.controlled("first") {
      try await rig.open("saturated", .warning)
      try await eventually("it fires") { !hook.messages.isEmpty }
    }
    try await rig.controlled("second") {
      try await eventually("the second decides") {
        try await rig.registry.controllers(pipeline: rig.pipelineID).contains { $0.id == "second" && $0.holdsLease }
      }
    }
    #expect(hook.messages.count == 1)
    try await rig.registry.closeTroubles(pipeline: rig.pipelineID, kind: "saturated")
    try await rig.controlled("third") { try await eventually("it is over") { hook.messages.count > 1 } }
    try await rig.controlled("fourth") {}
    #expect(hook.messages.map(\.status) == ["firing", "resolved"])
    #expect(hook.attempts == 2)
    let alert = hook.messages[0].alerts[0]
    #expect(hook.messages[0].receiver == "127.0.0.1" && hook.messages[0].alerts.count == 1)
    #expect(alert.labels["severity"] == "ticket" && alert.labels["layer"] == "hidden_1")
    #expect(alert.labels["pipeline"] == "told" && alert.annotations["description"] == "as it is")
    #expect(hook.messages[1].alerts[0].labels == alert.labels && hook.messages[1].alerts[0].endsAt > alert.startsAt)
    await rig.registry.close()
  }

  @Test("one that was killed after it had told, and before that was written down, is the one case of telling twice")
  func killedBetween() async throws {
    let hook = Hook()
    let server = try HTTPServer.start { hook.take($0) }
    defer { server.stop() }
    let rig = try await Rig.make(Rig.receiver(server))
    let name = rig.pipeline.alerts[0].effectiveName
    try await rig.registry.setAlertReceivers([name], pipeline: rig.pipelineID)
    try await rig.open("saturated")
    let lease = try #require(
      try await rig.registry.acquireLease(pipeline: rig.pipelineID, holder: "killed", ttl: .zero))
    // Its time is over, and nobody may send under it.
    await #expect(throws: RegistryError.self) {
      _ = try await rig.registry.claimAlerts(lease: lease, receiver: name, sentAt: nil, for: .seconds(2))
    }
    let held = try #require(
      try await rig.registry.acquireLease(pipeline: rig.pipelineID, holder: "killed", ttl: .seconds(60)))
    #expect(try await rig.registry.claimAlerts(lease: held, receiver: name, sentAt: nil, for: .seconds(2)))
    #expect(try await !rig.registry.claimAlerts(lease: held, receiver: name, sentAt: nil, for: .seconds(2)))
    try await rig.registry.release(held)
    try await rig.controlled { try await eventually("it is told when the claim is over") { hook.messages.count == 1 } }
    await rig.registry.close()
  }

  @Test("a receiver that fails is tried again, logged once, seen in the tables, and delays no other; no secret is told")
  func failing() async throws {
    let (bad, good) = (Hook(), Hook())
    let leave = DispatchSemaphore(value: 0)
    let failing = try HTTPServer.start { bad.take($0) }
    let working = try HTTPServer.start { good.take($0) }
    let hanging = try HTTPServer.start { _ in
      _ = leave.wait(timeout: .now() + 60)
      return HTTPResponse(text: "")
    }
    bad.answer(500)
    var receivers = [failing, working, hanging].map { Rig.receiver($0) }
    for index in receivers.indices { receivers[index].name = ["bad", "good", "hanging"][index] }
    receivers[2].timeout = .seconds(2)
    let rig = try await Rig.make(receivers[0], receivers[1], receivers[2])
    let lines = Lines()
    let metrics = MetricsRegistry()
    func shown(_ name: String, _ labels: String) -> Double? {
      let line = metrics.prometheusText().split(separator: "\n").first { $0.hasPrefix("\(name){\(labels)} ") }
      return line?.split(separator: " ").last.flatMap { Double($0) }
    }
    try await rig.controlled(lines: lines, metrics: metrics) {
      try await rig.open("diverging")
      try await eventually("the good one is told") { good.messages.count == 1 }
      try await rig.registry.closeTroubles(pipeline: rig.pipelineID, kind: "diverging")
      try await rig.open("saturated")
      try await eventually("the good one goes on being told") { good.messages.count >= 2 }
      try await eventually("the bad one is asked again") { bad.attempts >= 2 }
      try await eventually("it is known who fails") {
        try await rig.registry.alertReceivers(pipeline: rig.pipelineID).filter { $0.failures > 0 }.count == 2
      }
      let known = try await rig.registry.alertReceivers(pipeline: rig.pipelineID)
      #expect(known.map(\.receiver) == ["bad", "good", "hanging"])
      #expect(known[0].reason == "it answers 500" && known[0].failingSince != nil && (known[0].waiting ?? 0) >= 1)
      #expect(known[1].failures == 0 && known[1].sentAt != nil)
      try await eventually("and told to whoever watches") {
        shown("retrain_alert_receiver_failing_seconds", #"pipeline="told",receiver="bad""#) ?? 0 > 0
      }
      #expect(shown("retrain_alert_deliveries_total", #"kind="failed",pipeline="told",receiver="bad""#) ?? 0 >= 2)
      #expect(shown("retrain_alert_deliveries_total", #"kind="taken",pipeline="told",receiver="good""#) ?? 0 >= 2)
      #expect(shown("retrain_alert_receiver_failing_seconds", #"pipeline="told",receiver="good""#) == 0)
      bad.answer(200)
      try await eventually("the bad one is told of what goes on") { !bad.messages.isEmpty }
    }
    #expect(bad.messages.last?.alerts.contains { $0.labels["kind"] == "saturated" } == true)
    let text = lines.all.joined(separator: "\n")
    #expect(
      lines.all.count { $0.contains("a receiver of alerts takes none") && $0.contains("alert.receiver=bad") } == 1)
    #expect(lines.all.count { $0.contains("takes them again") && $0.contains("alert.receiver=bad") } == 1)
    #expect(text.contains("http://\(failing.address)/…"))
    for secret in ["s3cr3t", "p4ssw0rd", "/hook"] { #expect(!text.contains(secret), "\(text)") }
    for _ in 0..<1000 { leave.signal() }
    for server in [failing, working] { server.stop() }
    hanging.stop(until: .after(.seconds(1)))
    await rig.registry.close()
  }

  @Test("what happened shortly before the end of a controller is told at its end, without waiting for company")
  func end() async throws {
    let hook = Hook()
    let server = try HTTPServer.start { hook.take($0) }
    defer { server.stop() }
    let rig = try await Rig.make(Rig.receiver(server, wait: .seconds(600)))
    try await rig.controlled {
      try await eventually("it decides") {
        try await rig.registry.controllers(pipeline: rig.pipelineID).contains { $0.holdsLease }
      }
      try await rig.registry.halt(pipeline: rig.pipelineID, reason: "nothing but NaN")
    }
    #expect(hook.messages.map { $0.alerts.map { $0.labels["alertname"] } } == [["RetrainHalted"]])
    // Started again by a person, it is not halted any more.
    _ = try await rig.registry.register(
      pipeline: rig.pipeline.name, specification: "name: told", desiredWorkers: 1, until: nil)
    try await rig.controlled { try await eventually("the halt is over") { hook.messages.count == 2 } }
    #expect(hook.messages.last?.status == "resolved")
    await rig.registry.close()
  }

  @Test("while the database is away nothing is told twice or lost, and decisions do not wait for a receiver")
  func outage() async throws {
    let hook = Hook()
    let server = try HTTPServer.start { hook.take($0) }
    defer { server.stop() }
    let rig = try await Rig.make(Rig.receiver(server))
    try await rig.controlled {
      for round in 1...5 {
        try await rig.open("saturated")
        try rig.database.disconnectEverybody(where: "application_name LIKE 'retrain-controller%'")
        try await eventually("round \(round) fires") { hook.messages.count == 2 * round - 1 }
        try rig.database.disconnectEverybody(where: "application_name LIKE 'retrain-controller%'")
        try await rig.registry.closeTroubles(pipeline: rig.pipelineID, kind: "saturated")
        try await eventually("round \(round) is over") { hook.messages.count == 2 * round }
      }
    }
    #expect(hook.messages.map(\.status) == (1...5).flatMap { _ in ["firing", "resolved"] })
    await rig.registry.close()
  }

  @Test("a burst of records is one message with a hundred alerts, and the rest is counted")
  func burst() async throws {
    let hook = Hook()
    let server = try HTTPServer.start { hook.take($0) }
    defer { server.stop() }
    let rig = try await Rig.make(Rig.receiver(server))
    _ = try await rig.registry.openIncidents(
      pipeline: rig.pipelineID,
      (0..<130).map { record in
        IncidentDraft(
          key: "non_finite \(record)", kind: "non_finite", severity: .warning,
          positions: [RecordPosition(topic: "t", partition: 0, offset: Int64(record))])
      })
    try await rig.controlled { try await eventually("they are told") { !hook.messages.isEmpty } }
    try await rig.controlled("next") {}
    #expect(hook.messages.count == 1)
    #expect(hook.messages[0].alerts.count == 100 && hook.messages[0].truncatedAlerts == 30)
    #expect(hook.messages[0].alerts[0].annotations["description"]?.contains("t/0@129") != nil)
    await rig.registry.close()
  }
}
