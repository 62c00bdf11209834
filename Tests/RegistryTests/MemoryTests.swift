import Foundation
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("Incidents, servers, changes and lost connections")
struct MemoryTests {
  @Test("an incident keeps its records in order, and reported twice it is one")
  func incidents() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let draft = IncidentDraft(
      kind: "non_finite_record", severity: .error,
      positions: [
        RecordPosition(topic: "flights", partition: 2, offset: 77),
        RecordPosition(topic: "flights", partition: 0, offset: 9),
      ], layer: "hidden.0", feature: "distance", step: 12, details: #"{"value":1e300}"#)
    let id = try await registry.openIncident(pipeline: pipeline, draft)
    #expect(try await registry.openIncident(pipeline: pipeline, draft) == id)
    let record = try #require(try await registry.incident(id))
    #expect(record.positions == draft.positions)
    #expect(record.feature == "distance" && record.layer == "hidden.0" && record.step == 12)
    #expect(try await registry.incidents(pipeline: pipeline, limit: 5) == [record])
    func ofLineage() async throws -> [IncidentRecord] {
      try await registry.incidents(ofLineage: pipeline, kind: "non_finite_record", limit: 5)
    }
    #expect(try await ofLineage() == [record])
    #expect(try await registry.incidents(ofLineage: pipeline, kind: "another", limit: 5).isEmpty)
    try await registry.openIncident(pipeline: pipeline, IncidentDraft(kind: "lineage_begun", severity: .notice))
    #expect(try await ofLineage().isEmpty)
    await registry.close()
  }

  @Test("servers report where they are and what each version answered")
  func servers() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let checkpoint = try await fixture.saveLineage(of: 1)[0]
    let version = try await registry.addCandidate(pipeline: pipeline, checkpoint: checkpoint)
    for id in ["x", "y"] {
      var report = ServerReport(
        id: id, address: "127.0.0.1", port: 8080, metricsAddress: "127.0.0.1:9", version: version, requests: 5)
      report.outputs = [version: .init(requests: 5, nonFinite: 0)]
      try await registry.reportServer(pipeline: pipeline, report)
      report.outputs = [version: .init(requests: 9, nonFinite: 2)]
      try await registry.reportServer(pipeline: pipeline, report)
    }
    #expect(try await registry.servers(pipeline: pipeline, silence: .seconds(60)).map(\.nonFinite) == [2, 2])
    #expect(try await registry.servers(pipeline: pipeline).map(\.metricsAddress) == ["127.0.0.1:9", "127.0.0.1:9"])
    try await registry.removeServer(pipeline: pipeline, id: "x")
    #expect(try await registry.servers(pipeline: pipeline).map(\.id) == ["y"])
    #expect(
      try await registry.serverOutputs(pipeline: pipeline, versions: [version]) == [
        version: .init(requests: 18, nonFinite: 4)
      ])
    await registry.close()
  }

  @Test("what became of live requests is added up over all servers, those from before it was told among them")
  func liveTraffic() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let checkpoint = try await fixture.saveLineage(of: 1)[0]
    let version = try await registry.addCandidate(pipeline: pipeline, checkpoint: checkpoint)
    // As an older program writes it.
    try fixture.database.session().query(
      "INSERT INTO server_outputs (pipeline_id, server_id, version, requests, non_finite) VALUES ($1, 'old', $2, 7, 1)",
      [.int(pipeline), .int(version)])
    var expected = ServerReport.Outputs(requests: 7, nonFinite: 1)
    #expect(try await registry.serverOutputs(pipeline: pipeline) == [version: expected])
    #expect(expected.latency(quantile: 0.5) == nil && expected.meanShadowDifference == nil)
    var outputs = ServerReport.Outputs(requests: 100, nonFinite: 2)
    outputs.errors = 3
    outputs.shed = 4
    outputs.latency = Array(repeating: 0, count: ServerReport.latencyBounds.count + 1)
    outputs.latency[1] = 98
    outputs.latency[ServerReport.latencyBounds.count] = 2
    outputs.shadowOutputs = 10
    outputs.shadowDifference = 0.5
    outputs.shadowFailures = 5
    for id in ["x", "y"] {
      var report = ServerReport(id: id, address: "127.0.0.1", port: 1)
      report.outputs = [version: outputs]
      for _ in 0..<2 { try await registry.reportServer(pipeline: pipeline, report) }
      expected.add(outputs)
    }
    let found = try await registry.serverOutputs(pipeline: pipeline)
    #expect(found == [version: expected])
    let sum = try #require(found[version])
    #expect(sum.requests == 207 && sum.latency[1] == 196 && sum.shadowFailures == 10)
    #expect(sum.latency(quantile: 0.5) == 0.0001 && sum.latency(quantile: 0.99) == nil)
    #expect(sum.meanShadowDifference == 0.05)
    await registry.close()
  }

  @Test("controllers say where they are, which of them decides is known, and tallies count what the journal holds")
  func controllers() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    try await registry.reportController(pipeline: pipeline, id: "a", metricsAddress: nil)
    try await registry.reportController(pipeline: pipeline, id: "b", metricsAddress: "10.0.0.1:9")
    try await registry.reportController(pipeline: pipeline, id: "a", metricsAddress: "10.0.0.2:9")
    _ = try await registry.acquireLease(pipeline: pipeline, holder: "b", ttl: .seconds(60))
    let known = try await registry.controllers(pipeline: pipeline, silence: .seconds(60))
    #expect(known.map(\.id) == ["a", "b"])
    #expect(known.map(\.metricsAddress) == ["10.0.0.2:9", "10.0.0.1:9"])
    #expect(known.map(\.holdsLease) == [false, true])
    try await registry.removeController(pipeline: pipeline, id: "b")
    #expect(try await registry.controllers(pipeline: pipeline).map(\.id) == ["a"])

    for key in ["one", "two"] {
      try await registry.openIncident(
        pipeline: pipeline, IncidentDraft(key: key, kind: "non_finite", severity: .warning))
    }
    try await registry.openTrouble(pipeline: pipeline, IncidentDraft(key: "t", kind: "disk_full", severity: .error))
    #expect(try await registry.tallies(pipeline: pipeline).openIncidents == ["non_finite": 0, "disk_full": 1])
    try await registry.closeTroubles(pipeline: pipeline)
    let tallies = try await registry.tallies(pipeline: pipeline)
    #expect(tallies.incidents == ["non_finite": 2, "disk_full": 1])
    #expect(tallies.openIncidents == ["non_finite": 0, "disk_full": 0])
    #expect(tallies.decisions.isEmpty)
    await registry.close()
  }

  @Test("changes are told once visible, in their order, and only of the pipeline asked for")
  func changes() async throws {
    let fixture = try await RegistryFixture.make()
    let other = try await fixture.registry.register(
      pipeline: "other", specification: "", desiredWorkers: 1, until: nil)
    let changes = try await fixture.registry.notifications(pipeline: fixture.pipeline)
    try await fixture.registry.setDesiredState(.paused, pipeline: other.id)
    let checkpoint = try await fixture.saveLineage(of: 1)[0]
    let version = try await fixture.registry.addCandidate(pipeline: fixture.pipeline, checkpoint: checkpoint)
    var heard: [RegistryChange] = []
    for await change in changes {
      heard.append(change)
      if change.kind == .version { break }
    }
    #expect(heard.map(\.kind) == [.member, .generation, .checkpoint, .version])
    #expect(heard.allSatisfy { $0.pipeline == fixture.pipeline })
    #expect(heard[2].number == checkpoint && heard[3].number == version)
    await fixture.registry.close()
  }

  @Test("a stream of changes outlives its connection and says that it was away")
  func reconnectedChanges() async throws {
    let fixture = try await RegistryFixture.make()
    let changes = try await fixture.registry.notifications(pipeline: fixture.pipeline)
    try fixture.database.disconnectEverybody()
    var iterator = changes.makeAsyncIterator()
    #expect(await iterator.next()?.kind == .reconnected)
    try await fixture.registry.setDesiredState(.paused, pipeline: fixture.pipeline)
    #expect(await iterator.next()?.kind == .pipeline)
    await fixture.registry.close()
  }

  @Test("a change is heard within a tenth of a second, of the kinds asked for", .timeLimit(.minutes(1)))
  func promptChanges() async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await fixture.saveLineage(of: 9)
    let (stream, heard) = AsyncStream.makeStream(of: RegistryChange.self)
    let listening = Task { [registry = fixture.registry, pipeline = fixture.pipeline] in
      await registry.eachChange(of: pipeline, among: [.version]) { heard.yield($0) }
    }
    var changes = stream.makeAsyncIterator()
    #expect(await changes.next()?.kind == .reconnected)
    var waits: [Duration] = []
    for id in ids {
      try await fixture.registry.setDesiredState(.paused, pipeline: fixture.pipeline)
      let version = try await fixture.registry.addCandidate(pipeline: fixture.pipeline, checkpoint: id)
      let start = ContinuousClock.now
      #expect(await changes.next() == RegistryChange(pipeline: fixture.pipeline, kind: .version, number: version))
      waits.append(start.duration(to: .now))
    }
    #expect(waits.sorted()[waits.count / 2] < .milliseconds(100), "\(waits)")
    listening.cancel()
    await listening.value
    await fixture.registry.close()
  }

  @Test("calls go on after every connection was lost")
  func reconnects() async throws {
    let fixture = try await RegistryFixture.make()
    for _ in 0..<3 {
      try fixture.database.disconnectEverybody()
      #expect(try await fixture.registry.pipelines().count == 1)
    }
    await fixture.registry.close()
  }

  @Test("while the database is away a call ends within its patience, and is worth another try")
  func unavailable() async throws {
    let start = ContinuousClock.now
    let error = await #expect(throws: RegistryError.self) {
      _ = try await Registry.open(
        uri: "postgresql://retrain:hush-hush@127.0.0.1:1/x", applicationName: "t", deadline: .after(.milliseconds(400)))
    }
    #expect(error?.code == .unavailable)
    #expect(error?.isRetryable == true)
    #expect(error.map { "\($0)".contains("hush") } == false)
    // Far beyond the patience, for a machine that is busy with other tests; without one it would never end.
    #expect(start.duration(to: .now) < .seconds(60))
  }

  @Test("a call that waits for a lock ends within its patience, and the next one works")
  func lockedOut() async throws {
    let fixture = try await RegistryFixture.make()
    let session = try fixture.database.session()
    try session.query("BEGIN")
    try session.query("SELECT 1 FROM pipelines FOR UPDATE")
    let registry = fixture.registry.within(.milliseconds(200))
    #expect(await code { try await registry.setDesiredState(.paused, pipeline: fixture.pipeline) } == .unavailable)
    try session.query("COMMIT")
    try await fixture.registry.setDesiredState(.paused, pipeline: fixture.pipeline)
    await registry.close()
  }

  @Test("a deleted pipeline is gone with all that belonged to it")
  func deletion() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let ids = try await fixture.saveLineage(of: 3)
    try await registry.addCandidate(pipeline: pipeline, checkpoint: ids[2])
    _ = try await registry.acquireLease(pipeline: pipeline, holder: "c", ttl: .seconds(9))
    try await registry.openIncident(pipeline: pipeline, IncidentDraft(kind: "x", severity: .notice))
    try await registry.deletePipeline(pipeline)
    let session = try fixture.database.session()
    let tables = try session.query(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations'"
    ).map { try $0.value("tablename") as String }
    #expect(tables.count > 12)
    for table in tables { #expect(try session.query("SELECT 1 FROM \"\(table)\"").count == 0, "\(table)") }
    await registry.close()
  }
}
