import Foundation
import Membership
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("Contracts and lineages")
struct ContractStoreTests {
  @Test("a contract is kept once for all checkpoints that were learned under it, with the file that first said so")
  func once() async throws {
    let fixture = try await RegistryFixture.make()
    let registry = fixture.registry
    let generation = try await fixture.form("a").generation
    var ids: [Int64] = []
    for (step, contract) in [(1, "one"), (2, "one"), (3, "two")] {
      var draft = fixture.draft(generation, step: Int64(step), parent: ids.last)
      draft.contract = contract
      ids.append(try await registry.saveCheckpoint(draft))
      _ = try await registry.register(
        pipeline: "flights", specification: "name: flights # edited", desiredWorkers: 1, until: nil)
    }
    let kept = try await ids.asyncMap { try await registry.contract(ofCheckpoint: $0) }
    #expect(kept.map(\.?.text) == ["one", "one", "two"])
    #expect(kept[0] == kept[1] && kept[0]?.specification == "name: flights")
    #expect(kept[2]?.specification == "name: flights # edited")
    #expect(kept[0]?.fingerprint == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed")
    #expect(try await registry.checkpoint(ids[1])?.contract == kept[0]?.id)
    await registry.close()
  }

  @Test("checkpoints that are older than contracts get the one that is known of them, and no other checkpoint does")
  func adoption() async throws {
    let fixture = try await RegistryFixture.make()
    let registry = fixture.registry
    let ids = try await fixture.saveLineage(of: 2)
    #expect(try await registry.contract(ofCheckpoint: ids[0]) == nil)
    #expect(try await registry.adoptContract(pipeline: fixture.pipeline, text: "of then") == 2)
    #expect(try await registry.adoptContract(pipeline: fixture.pipeline, text: "of now") == 0)
    #expect(try await registry.contract(ofCheckpoint: ids[1])?.text == "of then")
    try await registry.deletePipeline(fixture.pipeline)
    await registry.close()
  }

  @Test("a new lineage begins without a checkpoint and at another place of the stream, and keeps those before")
  func lineage() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let old = try await fixture.saveLineage(of: 3)
    #expect(try await registry.beginLineage(pipeline: pipeline) == 1)
    let record = try #require(try await registry.pipeline(pipeline))
    #expect(record.lineage == 1 && record.stream == 1)
    #expect(try await registry.newestCheckpoint(pipeline: pipeline) == nil)
    #expect(try await registry.checkpoints(pipeline: pipeline, limit: 9).count == 3)

    // Whoever still learns the old model is refused, and the new one begins at its first step.
    let current = record.generation
    #expect(
      await code { try await registry.saveCheckpoint(fixture.draft(current, step: 9, parent: old[2])) } == .fenced)
    try await registry.leave(pipeline: pipeline, member: "a")
    let generation = try await fixture.form("b").generation
    var draft = fixture.draft(generation, step: 1)
    draft.lineage = 1
    let first = try await registry.saveCheckpoint(draft)
    #expect(try await registry.newestCheckpoint(pipeline: pipeline)?.id == first)
    #expect(try await registry.checkpoint(first)?.lineage == 1)
    #expect(try await registry.audit(pipeline: pipeline).checkpoint == first)
    #expect(try await registry.markFinal(checkpoint: first, generation: generation))
    // The newest to resume from are those of the newest lineage.
    #expect(try await registry.prune(pipeline: pipeline, keep: 1) == 3)
    #expect(try await registry.checkpoint(first)?.hasState == true)
    await registry.close()
  }

  @Test("a worker that was started with another file waits, and whoever says nothing is taken")
  func work() async throws {
    let fixture = try await RegistryFixture.make()
    let registry = fixture.registry
    _ = try await registry.register(
      pipeline: "flights", specification: "name: flights", desiredWorkers: 2, until: nil, workFingerprint: "new")
    for (id, work) in [("a", "old"), ("b", "new"), ("c", nil)] as [(String, String?)] {
      var member = fixture.member(id)
      member.work = work
      try await registry.join(pipeline: fixture.pipeline, member)
    }
    let formed = try await registry.formGeneration(pipeline: fixture.pipeline, desired: 2, grace: .seconds(60))
    #expect(formed?.members.map(\.id) == ["b", "c"])
    await registry.close()
  }
}

extension [Int64] {
  fileprivate func asyncMap<Value>(_ body: (Int64) async throws -> Value) async rethrows -> [Value] {
    var values: [Value] = []
    for number in self { values.append(try await body(number)) }
    return values
  }
}
