import Foundation
import Learning
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("Memory of a lineage")
struct LineageMemoryTests {
  private static let forms = [
    MemoryForm(name: "last", width: 1, capacity: 200_000), MemoryForm(name: "mean", width: 2, capacity: 8),
  ]

  /// A memory of so many keys.
  private func memory(_ keys: Int) -> Memory {
    let memory = Memory(Self.forms)
    var random = SplitMix64(seed: 9)
    for _ in 0..<keys { memory.shelves[0].update(random.next()) { $0[0] = Float(random.nextUnit()) } }
    memory.shelves[1].update(3) { ($0[0], $0[1]) = (0.25, Float(keys)) }
    return memory
  }

  @Test("goes through a checkpoint with the same bits, apart from the weights, at its offsets")
  func roundTrip() async throws {
    let fixture = try await RegistryFixture.make()
    let registry = fixture.registry
    let generation = try await fixture.form("a").generation
    let progress = [PartitionProgress(partition: 0, startOffset: 0, nextOffset: 70, trained: 70)]
    var draft = fixture.draft(generation, step: 7, progress: progress)
    draft.memory = memory(100_000).encodeState()
    let id = try await registry.saveCheckpoint(draft)
    #expect(try await registry.saveCheckpoint(draft) == id)
    let other = try await fixture.anotherRegistry()
    let record = try #require(try await other.newestCheckpoint(pipeline: fixture.pipeline))
    #expect(record.id == id && record.progress == progress)
    let bytes = try #require(try await other.memory(of: id))
    #expect(try await other.state(of: id) == draft.state)
    let heir = Memory(Self.forms)
    try heir.restoreState(bytes)
    #expect(heir.encodeState() == draft.memory && heir.shelves[0].count == 100_000)
    draft.memory = memory(3).encodeState()
    #expect(await code { try await registry.saveCheckpoint(draft) } == .conflict)
    draft.memory = nil
    #expect(await code { try await registry.saveCheckpoint(draft) } == .conflict)
    // A model that remembers nothing has none, as has a checkpoint of an older program.
    let plain = try await registry.saveCheckpoint(fixture.draft(generation, step: 8, parent: id))
    #expect(try await registry.memory(of: plain) == nil)
    #expect(await code { _ = try await registry.memory(of: 99) } == .notFound)
    await other.close()
    await registry.close()
  }

  @Test("that was changed in the database is found damaged, and one that was pruned is gone with its state")
  func lost() async throws {
    let fixture = try await RegistryFixture.make()
    let registry = fixture.registry
    let generation = try await fixture.form("a").generation
    var ids: [Int64] = []
    for step in 1...2 {
      var draft = fixture.draft(generation, step: Int64(step), parent: ids.last)
      draft.memory = memory(step).encodeState()
      ids.append(try await registry.saveCheckpoint(draft))
    }
    try await registry.prune(pipeline: fixture.pipeline, keep: 1)
    #expect(await code { _ = try await registry.memory(of: ids[0]) } == .notFound)
    let session = try fixture.database.session()
    #expect(try session.query("SELECT 1 FROM checkpoints WHERE memory IS NOT NULL").count == 1)
    #expect(try await registry.memory(of: ids[1]) == memory(2).encodeState())
    try session.query("UPDATE checkpoints SET memory = '\\x010203' WHERE memory IS NOT NULL")
    #expect(await code { _ = try await registry.memory(of: ids[1]) } == .damaged)
    #expect(await code { _ = try await registry.newestMemory(alongside: ids[0]) } == .damaged)
    #expect(throws: PostgresError.self) { try session.query("UPDATE checkpoints SET memory_sha256 = NULL") }
    await registry.close()
  }

  @Test("follows learning where it goes on from that lineage in another, for the versions of both")
  func turned() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let generation = try await fixture.form("a").generation
    var ids: [Int64] = []
    for step in 1...3 {
      var draft = fixture.draft(generation, step: Int64(step), parent: ids.last)
      draft.memory = memory(step).encodeState()
      ids.append(try await registry.saveCheckpoint(draft))
    }
    #expect(try await registry.newestMemory(alongside: ids[0])?.checkpoint == ids[2])
    for (turn, origin) in [(1, ids[1]), (2, ids[0])] {
      let record = try await registry.beginLineage(
        pipeline: pipeline, from: LineageOrigin(.restore, checkpoint: origin, actor: "maria", reason: "turn \(turn)"))
      let first = try #require(record.checkpoint)
      // What it went back from knows the records that were left.
      for known in ids + [first] {
        let newest = try #require(try await registry.newestMemory(alongside: known))
        #expect(newest.checkpoint == first && newest.state == memory(turn == 1 ? 2 : 1).encodeState())
      }
      #expect(try await registry.newestMemory(alongside: ids[0], after: first) == nil)
    }
    await registry.close()
  }

  @Test("is the newest checkpoint's that learning goes on from, whatever version is served, and no other lineage's")
  func newest() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let generation = try await fixture.form("a").generation
    var ids: [Int64] = []
    for step in 1...4 {
      var draft = fixture.draft(generation, step: Int64(step), parent: ids.last)
      draft.memory = memory(step).encodeState()
      // Its records will be learned once more.
      if step == 4 { draft.nonFiniteParameter = "hidden_1" }
      ids.append(try await registry.saveCheckpoint(draft))
    }
    try await registry.addCandidate(pipeline: pipeline, checkpoint: ids[0])
    let newest = try #require(try await registry.newestMemory(alongside: ids[0], after: ids[1]))
    #expect(newest.checkpoint == ids[2])
    #expect(newest.state == memory(3).encodeState())
    #expect(try await registry.newestMemory(alongside: ids[0], after: ids[2]) == nil)
    #expect(try await registry.newestMemory(alongside: 0) == nil)
    // A lineage that has begun anew remembers what its own records say.
    _ = try await registry.beginLineage(pipeline: pipeline)
    try await registry.leave(pipeline: pipeline, member: "a")
    var draft = fixture.draft(try await fixture.form("b").generation, step: 9)
    (draft.lineage, draft.memory) = (1, memory(9).encodeState())
    let other = try await registry.saveCheckpoint(draft)
    #expect(try await registry.newestMemory(alongside: ids[0])?.checkpoint == ids[2])
    #expect(try await registry.newestMemory(alongside: other)?.state == memory(9).encodeState())
    await registry.close()
  }
}
