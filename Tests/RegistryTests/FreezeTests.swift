import Foundation
import Postgres
import Registry
import Rollouts
import TestKit
import Testing
import Vocabulary

@Suite("A freeze in the registry")
struct FreezeTests {
  private func freeze(_ reason: String = "a holiday", until: Date? = nil) throws -> Freeze {
    try Freeze(reason: reason, by: "ada", since: .now, until: until)
  }

  private func open(_ fixture: RegistryFixture) async throws -> [IncidentRecord] {
    try await fixture.registry.openTroubles(pipeline: fixture.pipeline, kinds: [Freeze.incidentKind])
  }

  @Test("says who, why and until when, is an incident as long as it holds, and makes room for another one")
  func holds() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    #expect(try await registry.freeze(pipeline: pipeline) == nil)
    let until = Date(timeIntervalSince1970: (Date.now.timeIntervalSince1970 + 3600).rounded())
    try await registry.begin(freeze(until: until), pipeline: pipeline)
    let held = try #require(try await registry.freeze(pipeline: pipeline))
    #expect(held.reason == "a holiday" && held.person == "ada" && held.until == until)
    let incident = try #require(try await open(fixture).first)
    #expect(incident.severity == .notice && incident.facts["reason"]?.contains("a holiday") == true)
    try await registry.begin(freeze("a migration"), pipeline: pipeline)
    #expect(try await registry.freeze(pipeline: pipeline)?.reason == "a migration")
    #expect(try await open(fixture).count == 1)
    // What workers and the controller say is over is not this.
    try await registry.closeTroubles(pipeline: pipeline)
    #expect(try await open(fixture).count == 1)
    #expect(try await registry.endFreeze(pipeline: pipeline, by: "bo")?.reason == "a migration")
    #expect(try await registry.endFreeze(pipeline: pipeline, by: "bo") == nil)
    #expect(try await open(fixture).isEmpty)
    await registry.close()
  }

  @Test("is over at its time, whoever looks; its incident is closed by the next that calls")
  func ends() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    try await registry.begin(freeze(until: .now.addingTimeInterval(60)), pipeline: pipeline)
    try await registry.endPastFreeze(pipeline: pipeline)
    #expect(try await open(fixture).count == 1)
    _ = try fixture.database.session().query("UPDATE freezes SET until = now() - interval '1 second'")
    #expect(try await registry.freeze(pipeline: pipeline) == nil)
    #expect(try await open(fixture).count == 1)
    try await registry.endPastFreeze(pipeline: pipeline)
    #expect(try await open(fixture).isEmpty)
    await registry.close()
  }

  @Test("a promotion that is not in the tables by then does not get there, a rollback does")
  func race() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    for id in try await fixture.saveLineage(of: 2) {
      _ = try await registry.addCandidate(pipeline: pipeline, checkpoint: id)
    }
    func apply(_ decisions: [RolloutDecision], despiteFreeze: Bool = false) async throws {
      try await registry.apply(
        decisions, evidence: "{}", pipeline: pipeline, lease: nil, despiteFreeze: despiteFreeze)
    }
    func facts() async throws -> [VersionFacts] { try await registry.versionsInPlay(pipeline: pipeline).map(\.facts) }
    try await apply(Rollout.promote(1, by: "ada", versions: facts()))
    let decided = try Rollout.promote(2, by: "ada", versions: try await facts())
    try await registry.begin(freeze(), pipeline: pipeline)
    #expect(await code { try await apply(decided) } == .conflict)
    #expect(try await facts().map(\.state) == [.candidate, .stable])
    try await apply(decided, despiteFreeze: true)
    #expect(try await facts().map(\.state) == [.stable, .retired])
    try await apply(Rollout.rollBack(by: "ada", versions: facts()))
    #expect(try await facts().map(\.state) == [.rolledBack, .stable])
    await registry.close()
  }
}
