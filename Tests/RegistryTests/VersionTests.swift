import Foundation
import Postgres
import Registry
import Rollouts
import TestKit
import Testing
import Vocabulary

@Suite("Versions and the journal")
struct VersionTests {
  private func decision(
    _ version: Int64, _ from: VersionState, _ to: VersionState, observed: Double? = nil,
    by actor: RolloutActor = .controller
  ) -> RolloutDecision {
    RolloutDecision(
      version: version, from: from, to: to, rule: .beatsPrior, observed: observed, threshold: 0.7,
      window: "100 records", reason: "Because.", actor: actor)
  }

  /// Three candidates, numbered from 1.
  private func candidates() async throws -> RegistryFixture {
    let fixture = try await RegistryFixture.make()
    for (index, id) in try await fixture.saveLineage(of: 3).enumerated() {
      #expect(try await fixture.registry.addCandidate(pipeline: fixture.pipeline, checkpoint: id) == Int64(index + 1))
      // Asked again, it is the same.
      #expect(try await fixture.registry.addCandidate(pipeline: fixture.pipeline, checkpoint: id) == Int64(index + 1))
    }
    return fixture
  }

  private func states(_ fixture: RegistryFixture) async throws -> [VersionState] {
    try await fixture.registry.versions(pipeline: fixture.pipeline).reversed().map(\.state)
  }

  @Test("a promotion is carried out whole, and the journal says why")
  func promotion() async throws {
    let fixture = try await candidates()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let lease = try await registry.acquireLease(pipeline: pipeline, holder: "c", ttl: .seconds(60))
    let evidence = #"{"records": 100, "note": "a\u0000b\\u0000"}"#
    try await registry.apply(
      [decision(1, .candidate, .validated, observed: 0.5), decision(1, .validated, .stable)], evidence: evidence,
      pipeline: pipeline, lease: lease)
    try await registry.apply([decision(2, .candidate, .validated)], evidence: "{}", pipeline: pipeline, lease: lease)
    try await registry.apply(
      [decision(1, .stable, .retired), decision(2, .validated, .stable)], evidence: "{}", pipeline: pipeline,
      lease: lease)
    #expect(try await states(fixture) == [.retired, .stable, .candidate])
    let versions = try await registry.versions(pipeline: pipeline)
    #expect(versions.map(\.share) == [0, 1, 0])
    #expect(versions.map(\.wasStable) == [false, true, true])
    let journal = try await registry.decisions(pipeline: pipeline, limit: 10)
    #expect(journal.map(\.version) == [2, 1, 2, 1, 1])
    let oldest = try #require(journal.last)
    #expect(oldest.observed == 0.5)
    #expect(oldest.threshold == 0.7)
    #expect(oldest.rule == "beats_prior")
    #expect(oldest.reason == "Because.")
    #expect(oldest.evidence.contains(#""records": 100"#))
    #expect(oldest.evidence.contains("a\u{fffd}b") && oldest.evidence.contains(#"\\u0000"#))
    #expect(try await registry.decisions(pipeline: pipeline, version: 2, limit: 10).count == 2)
    await registry.close()
  }

  @Test("a decision from a state that is no longer so changes nothing of its batch")
  func compareAndSet() async throws {
    let fixture = try await candidates()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let result = await code {
      try await registry.apply(
        [decision(1, .candidate, .validated), decision(2, .validated, .stable)], evidence: "{}", pipeline: pipeline,
        lease: nil)
    }
    #expect(result == .conflict)
    #expect(try await states(fixture) == [.candidate, .candidate, .candidate])
    #expect(try await registry.decisions(pipeline: pipeline, limit: 10).isEmpty)
    let impossible = await code {
      try await registry.apply([decision(1, .candidate, .stable)], evidence: "{}", pipeline: pipeline, lease: nil)
    }
    #expect(impossible == .refused)
    let invalid = await code {
      try await registry.apply([decision(1, .candidate, .validated)], evidence: "{", pipeline: pipeline, lease: nil)
    }
    #expect(invalid == .refused)
    await registry.close()
  }

  @Test("of many that decide the same at once, one does it")
  func race() async throws {
    let fixture = try await candidates()
    let pipeline = fixture.pipeline
    let codes = try await withThrowingTaskGroup(of: RegistryError.Code?.self) { group in
      for _ in 0..<4 {
        let registry = try await fixture.anotherRegistry()
        group.addTask {
          let result = await code {
            try await registry.apply(
              [decision(1, .candidate, .validated)], evidence: "{}", pipeline: pipeline, lease: nil)
          }
          await registry.close()
          return result
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(codes.filter { $0 == nil }.count == 1)
    #expect(codes.filter { $0 == .conflict }.count == 3)
    await fixture.registry.close()
  }

  @Test("the database holds at most one stable and one canary version", arguments: [VersionState.stable, .canary])
  func atMostOne(state: VersionState) async throws {
    let fixture = try await candidates()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    try await registry.apply(
      [decision(1, .candidate, .validated), decision(1, .validated, state)], evidence: "{}", pipeline: pipeline,
      lease: nil)
    let second = await code {
      try await registry.apply(
        [decision(2, .candidate, .validated), decision(2, .validated, state)], evidence: "{}", pipeline: pipeline,
        lease: nil)
    }
    #expect(second == .conflict)
    #expect(try await states(fixture) == [state, .candidate, .candidate])
    // Not even by hand.
    let error = #expect(throws: PostgresError.self) {
      try fixture.database.session().query("UPDATE versions SET state = $1", [.text(state.rawValue)])
    }
    #expect(error?.sqlState == "23505")
    await registry.close()
  }

  @Test("a controller whose lease has passed on is fenced; a person needs none")
  func fencedController() async throws {
    let fixture = try await candidates()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let old = try await registry.acquireLease(pipeline: pipeline, holder: "a", ttl: .seconds(60))
    try fixture.database.session().query("UPDATE leases SET expires_at = now()")
    let expired = await code {
      try await registry.apply([decision(1, .candidate, .validated)], evidence: "{}", pipeline: pipeline, lease: old)
    }
    #expect(expired == .fenced)
    _ = try await registry.acquireLease(pipeline: pipeline, holder: "b", ttl: .seconds(60))
    let replaced = await code {
      try await registry.apply([decision(1, .candidate, .validated)], evidence: "{}", pipeline: pipeline, lease: old)
    }
    #expect(replaced == .fenced)
    try await registry.apply(
      [decision(1, .candidate, .stable, by: .person("ada"))], evidence: "{}", pipeline: pipeline, lease: nil)
    #expect(try await registry.decisions(pipeline: pipeline, limit: 1).first?.actor == "person:ada")
    await registry.close()
  }

  @Test("a canary's share rises, and each step stands in the journal with it; it does not fall")
  func shares() async throws {
    let fixture = try await candidates()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    func step(_ from: VersionState, _ share: Double) -> RolloutDecision {
      RolloutDecision(
        version: 1, from: from, to: .canary, rule: .canaryStep, window: "w", reason: "r", actor: .controller,
        share: share)
    }
    func apply(_ decisions: [RolloutDecision]) async throws {
      try await registry.apply(decisions, evidence: "{}", pipeline: pipeline, lease: nil)
    }
    try await apply([decision(1, .candidate, .validated), step(.validated, 0.05)])
    let first = try #require(try await registry.version(1, pipeline: pipeline))
    #expect(first.share == 0.05 && first.sharedSince == first.since)
    try await apply([step(.canary, 0.25)])
    let second = try #require(try await registry.version(1, pipeline: pipeline))
    #expect(second.share == 0.25 && second.since == first.since && second.sharedSince > first.sharedSince)
    #expect(await code { try await apply([step(.canary, 0.05)]) } == .conflict)
    #expect(try await registry.decisions(pipeline: pipeline, limit: 2).map(\.share) == [0.25, 0.05])
    try await apply([decision(1, .canary, .stable)])
    #expect(try await registry.version(1, pipeline: pipeline)?.share == 1)
    await registry.close()
  }

  @Test("a version rolled back is remembered as such for good")
  func rolledBack() async throws {
    let fixture = try await candidates()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let person = RolloutActor.person("ada")
    try await registry.apply(
      [decision(1, .candidate, .stable, by: person), decision(1, .stable, .rolledBack, by: person)], evidence: "{}",
      pipeline: pipeline, lease: nil)
    try await registry.apply(
      [decision(1, .rolledBack, .stable, by: person)], evidence: "{}", pipeline: pipeline, lease: nil)
    let version = try #require(try await registry.versions(pipeline: pipeline).last)
    #expect(version.state == .stable && version.wasRolledBack && version.wasStable)
    await registry.close()
  }
}
