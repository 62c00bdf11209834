import Foundation
import Membership
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("The group in the registry")
struct GroupTests {
  @Test("members that wait form one generation, whoever of them asks, and share its secret")
  func oneGeneration() async throws {
    let fixture = try await RegistryFixture.make()
    let pipeline = fixture.pipeline
    for id in ["a", "b", "c"] { try await fixture.registry.join(pipeline: pipeline, fixture.member(id)) }
    let formed = try await withThrowingTaskGroup(of: GenerationRecord?.self) { group in
      for _ in 0..<3 {
        let registry = try await fixture.anotherRegistry()
        group.addTask {
          let record = try await registry.formGeneration(pipeline: pipeline, desired: 3, grace: .seconds(60))
          await registry.close()
          return record
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(formed.compactMap(\.self).count == 1)
    let record = try #require(try await fixture.registry.generation(pipeline: pipeline, containing: "b"))
    #expect(record == formed.compactMap(\.self).first)
    #expect(record.generation == Generation(1))
    #expect(record.secret.count == 32)
    #expect(try await fixture.registry.generation(pipeline: pipeline, containing: "x") == nil)
    #expect(try await fixture.registry.generation(pipeline: pipeline, containing: "b", after: Generation(1)) == nil)
    #expect(try await fixture.registry.members(pipeline: pipeline).map(\.rank) == [Rank(0), Rank(1), Rank(2)])
    await fixture.registry.close()
  }

  @Test("a member that joins once more while its generation forms waits for no other once it has arrived there")
  func joinsOnceMore() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    for id in ["a", "b"] { try await registry.join(pipeline: pipeline, fixture.member(id)) }
    let formed = try #require(try await registry.formGeneration(pipeline: pipeline, desired: 2, grace: .seconds(60)))
    try await registry.join(pipeline: pipeline, fixture.member("a"))
    for id in ["a", "b"] { try await registry.arrive(pipeline: pipeline, member: id) }
    // Were it taken to wait, a spare would begin another generation without it.
    try await registry.join(pipeline: pipeline, fixture.member("c"))
    #expect(try await registry.formGeneration(pipeline: pipeline, desired: 2, grace: .zero) == nil)
    #expect(try await registry.generation(pipeline: pipeline, containing: "a") == formed)
    await registry.close()
  }

  @Test("too few members wait on while the grace lasts")
  func grace() async throws {
    let fixture = try await RegistryFixture.make()
    try await fixture.registry.join(pipeline: fixture.pipeline, fixture.member("a"))
    let formed = try await fixture.registry.formGeneration(pipeline: fixture.pipeline, desired: 2, grace: .seconds(60))
    #expect(formed == nil)
    await fixture.registry.close()
  }

  @Test("survivors that come back form the next generation with another secret and the steps they hold")
  func nextGeneration() async throws {
    let fixture = try await RegistryFixture.make()
    let first = try await fixture.form("a", "b")
    try await fixture.registry.leave(pipeline: fixture.pipeline, member: "b")
    try await fixture.registry.join(pipeline: fixture.pipeline, fixture.member("a", heldStep: 7))
    let second = try #require(
      try await fixture.registry.formGeneration(pipeline: fixture.pipeline, desired: 1, grace: .seconds(60)))
    #expect(second.generation == first.generation.next)
    #expect(second.members.map(\.heldStep) == [7])
    #expect(second.secret != first.secret)
    await fixture.registry.close()
  }

  @Test("a heartbeat carries a status, and a number that is none becomes nothing")
  func heartbeat() async throws {
    let fixture = try await RegistryFixture.make()
    try await fixture.form("a")
    let status = WorkerStatus(state: "training", step: 9, recordsPerSecond: .nan)
    try await fixture.registry.heartbeat(pipeline: fixture.pipeline, member: "a", heldStep: 9, status: status)
    let member = try #require(try await fixture.registry.members(pipeline: fixture.pipeline).first)
    #expect(member.status?.state == "training" && member.status?.step == 9)
    #expect(member.status?.recordsPerSecond == nil)
    #expect(member.facts.heldStep == 9)
    let unknown = await code {
      try await fixture.registry.heartbeat(pipeline: fixture.pipeline, member: "x", heldStep: nil, status: status)
    }
    #expect(unknown == .notFound)
    await fixture.registry.close()
  }

  @Test("a secret appears in no description, dump or error")
  func secrets() async throws {
    let fixture = try await RegistryFixture.make()
    let record = try await fixture.form("a")
    var text = "\(record) \(String(reflecting: record)) \(fixture.registry)"
    dump(record, to: &text)
    dump(fixture.registry, to: &text)
    #expect(!text.contains("\(record.secret[0]), \(record.secret[1])"))
    let word = try #require(fixture.database.uri.split(separator: "password='").last?.prefix(while: { $0 != "'" }))
    #expect(word.count < 8 || !text.contains(word))
    await fixture.registry.close()
  }

  @Test("a lease is one holder's until its time is over, and its number fences the one before")
  func lease() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let first = try #require(try await registry.acquireLease(pipeline: pipeline, holder: "a", ttl: .seconds(60)))
    #expect(try await registry.acquireLease(pipeline: pipeline, holder: "b", ttl: .seconds(60)) == nil)
    let renewed = try await registry.renew(first, ttl: .seconds(120))
    #expect(renewed.expiresAt > first.expiresAt)
    // Its time passes at once instead of in two minutes.
    try fixture.database.session().query("UPDATE leases SET expires_at = now()")
    let second = try #require(try await registry.acquireLease(pipeline: pipeline, holder: "b", ttl: .seconds(60)))
    #expect(second.number > first.number)
    #expect(await code { _ = try await registry.renew(first, ttl: .seconds(60)) } == .fenced)
    try await registry.release(first)
    #expect(try await registry.acquireLease(pipeline: pipeline, holder: "a", ttl: .seconds(60)) == nil)
    try await registry.release(second)
    #expect(
      try await registry.acquireLease(pipeline: pipeline, holder: "a", ttl: .seconds(60))?.number == second.number + 1)
    await registry.close()
  }

  @Test("what a controller writes under its lease is refused once another one has it, incidents and lineages among it")
  func fence() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let first = try #require(try await registry.acquireLease(pipeline: pipeline, holder: "a", ttl: .seconds(60)))
    let old = registry.fenced(by: first)
    // That its time is over harms nobody as long as nobody has taken it.
    try fixture.database.session().query("UPDATE leases SET expires_at = now()")
    let trouble = try await old.beginTrouble(pipeline: pipeline, IncidentDraft(kind: "drift", severity: .notice))
    _ = try #require(try await registry.acquireLease(pipeline: pipeline, holder: "b", ttl: .seconds(60)))
    #expect(await code { try await old.closeTrouble(trouble.id) } == .fenced)
    #expect(await code { try await old.noteHealthSeen(1, pipeline: pipeline) } == .fenced)
    let origin = LineageOrigin(.rewind, checkpoint: nil, actor: "controller", reason: "")
    #expect(await code { try await old.beginLineage(pipeline: pipeline, from: origin) } == .fenced)
    #expect(try await registry.incident(trouble.id)?.closedAt == nil)
    await registry.close()
  }

  @Test("a pipeline registered again keeps its number and runs with the new specification")
  func registration() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    try await registry.setDesiredState(.stopped, pipeline: pipeline)
    try await registry.halt(pipeline: pipeline, reason: "first")
    try await registry.halt(pipeline: pipeline, reason: "second")
    #expect(try await registry.pipeline(pipeline)?.halted == "first")
    let again = try await registry.register(
      pipeline: "flights", specification: "new", desiredWorkers: 3, until: "end")
    #expect(again.id == pipeline)
    #expect(again.halted == nil)
    #expect(again.desiredState == .running)
    #expect(try await registry.pipeline(named: "flights") == again)
    #expect(await code { try await registry.halt(pipeline: -1, reason: "x") } == .notFound)
    await registry.close()
  }
}
