import Cryptography
import Evaluation
import Foundation
import Health
import Membership
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("Checkpoints")
struct CheckpointTests {
  private func state(bytes: Int) -> [UInt8] {
    var random = SplitMix64(seed: 20)
    var state = [UInt8](repeating: 0, count: bytes)
    state.withUnsafeMutableBytes { buffer in
      for place in stride(from: 0, to: bytes - 7, by: 8) {
        buffer.storeBytes(of: random.next(), toByteOffset: place, as: UInt64.self)
      }
    }
    return state
  }

  @Test("a checkpoint is marked as the final one by the newest generation alone, and only the newest checkpoint is")
  func markedFinal() async throws {
    let fixture = try await RegistryFixture.make()
    let registry = fixture.registry
    let ids = try await fixture.saveLineage(of: 2)
    let current = try #require(try await registry.currentPlan(pipeline: fixture.pipeline)).generation
    let older = Generation(current.rawValue - 1)
    #expect(try await !registry.markFinal(checkpoint: ids[0], generation: current))
    #expect(try await !registry.markFinal(checkpoint: ids[1], generation: older))
    #expect(try await !registry.markFinal(checkpoint: ids[1] + 1, generation: nil))
    #expect(try await registry.checkpoints(pipeline: fixture.pipeline, limit: 9).allSatisfy { !$0.isFinal })
    #expect(try await registry.markFinal(checkpoint: ids[1], generation: current))
    // Again is no matter.
    #expect(try await registry.markFinal(checkpoint: ids[1], generation: nil))
    #expect(try await registry.checkpoints(pipeline: fixture.pipeline, limit: 9).map(\.isFinal) == [true, false])
  }

  @Test("a checkpoint of twenty megabytes comes back whole, with its offsets, measures and health")
  func roundTrip() async throws {
    let fixture = try await RegistryFixture.make()
    let registry = fixture.registry
    let generation = try await fixture.form("a").generation
    let state = state(bytes: 20_000_003)
    let progress = [
      PartitionProgress(partition: 0, startOffset: 5, nextOffset: 30, trained: 20, rejected: 4, skipped: 1),
      PartitionProgress(partition: 1, startOffset: 0, nextOffset: 10, trained: 10),
    ]
    var metrics = StreamMetrics(task: .binary)
    metrics.add(outputs: [0.25, 0.75], labels: [0, 1], count: 2)
    var comparison = PairedDifference()
    comparison.add(candidate: 0.25, baseline: 0.5)
    var layer = LayerHealth(layer: "hidden.0", sketch: ActivationSketch(units: 2))
    for value: Float in [0, 1.5, -2, .nan] { layer.sketch.add(value, isSampled: true) }
    var head = HeadLoss(name: "minutes")
    head.total.add(records: 3, lossSum: .infinity)
    var draft = CheckpointDraft(
      pipeline: fixture.pipeline, generation: generation, parent: nil,
      Checkpoint(
        step: 12, progress: progress, rejected: [.malformed: 1, .labelAbsent: 3], metrics: metrics, window: metrics,
        comparison: comparison, comparedWith: 4,
        fields: FieldReport(
          records: 30,
          fields: [.init(name: "a", path: "A", isFeature: true, total: .init(records: 30, missing: 30), near: ["a"])],
          rejections: [.init(field: nil, reason: "malformed", records: 1, example: "\u{0}{ at t/0@3")]),
        heads: [head], seconds: 0.25, isFinal: true, parametersDigest: "abc"),
      state: state, health: [layer])
    draft.costs = [LayerCost(layer: "hidden.0", steps: 3, forward: 5, backward: 6, update: 7, elementwise: 2)]
    let id = try await registry.saveCheckpoint(draft)

    let other = try await fixture.anotherRegistry()
    let record = try #require(try await other.newestCheckpoint(pipeline: fixture.pipeline))
    #expect(record.id == id)
    #expect(record.step == 12)
    #expect(record.progress == progress)
    #expect(record.rejected == draft.rejected)
    #expect(record.metrics == metrics)
    #expect(record.window == metrics)
    #expect(record.comparison == comparison)
    #expect(record.comparedWith == 4)
    #expect(record.isFinal)
    #expect(record.fields?.fields == draft.fields?.fields)
    // PostgreSQL's JSON has no zero character.
    #expect(record.fields?.rejections.first?.example == "\u{FFFD}{ at t/0@3")
    #expect(record.heads == [head] && record.heads[0].total.mean == nil)
    #expect(record.seconds == 0.25 && record.costs == draft.costs)
    #expect(try await other.secondsOfWork(pipeline: fixture.pipeline, after: 0) == 0.25)
    #expect(try await other.secondsOfWork(pipeline: fixture.pipeline, after: id) == nil)
    #expect(record.stateDigest == SHA256.digest(of: state).hexadecimal)
    #expect(try await other.state(of: id) == state)
    // By its bytes: the sketch holds a NaN nowhere, but its layer may one day.
    var bytes: ([UInt8], [UInt8]) = ([], [])
    [layer].encode(into: &bytes.0)
    try await other.layerHealth(checkpoint: id).encode(into: &bytes.1)
    #expect(bytes.0 == bytes.1)
    let row = try #require(
      try fixture.database.session().query("SELECT * FROM layer_health WHERE checkpoint_id = $1", [.int(id)]).first)
    #expect(try row.value("non_finite") as Int == 1)
    #expect(try row.value("minimum") as Double == -2)
    #expect(try (row.value("histogram") as PostgresInts).values == layer.sketch.buckets)
    await other.close()
    await registry.close()
  }

  @Test("an older generation is fenced, and leaves nothing")
  func fencing() async throws {
    let fixture = try await RegistryFixture.make()
    let old = try await fixture.form("a").generation
    let new = try await fixture.form("a").generation
    #expect(new > old)
    #expect(await code { try await fixture.registry.saveCheckpoint(fixture.draft(old, step: 1)) } == .fenced)
    #expect(await code { try await fixture.registry.saveCheckpoint(fixture.draft(new.next, step: 1)) } == .fenced)
    #expect(try await fixture.registry.newestCheckpoint(pipeline: fixture.pipeline) == nil)
    try await fixture.registry.saveCheckpoint(fixture.draft(new, step: 1))
    await fixture.registry.close()
  }

  /// Until a statement in this database waits for a lock.
  private func awaitBlockedWriter(_ session: PostgresSession) async throws {
    let deadline = Deadline.after(.seconds(20))
    let blocked = """
      SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE '%(states)'
      """
    while try session.query(blocked).count == 0 {
      try #require(!deadline.hasPassed, "nobody waits for the lock")
      // The writer needs the thread, too.
      await Task.yield()
    }
  }

  @Test("a writer that is replaced while it sends its state is fenced at the end")
  func fencedInMidSave() async throws {
    let fixture = try await RegistryFixture.make()
    let old = try await fixture.form("a").generation
    let other = try await fixture.anotherRegistry()
    let session = try fixture.database.session()
    // A lock on the chunks holds the writer back in the middle, until the next generation stands.
    try session.query("BEGIN")
    try session.query("LOCK TABLE checkpoint_chunks IN EXCLUSIVE MODE")
    async let saved = code { try await fixture.registry.saveCheckpoint(fixture.draft(old, step: 1)) }
    let watcher = try fixture.database.session()
    try await awaitBlockedWriter(watcher)
    try await other.join(pipeline: fixture.pipeline, fixture.member("a"))
    let next = try await other.formGeneration(pipeline: fixture.pipeline, desired: 1, grace: .zero)
    #expect(next?.generation == old.next)
    try session.query("COMMIT")
    #expect(await saved == .fenced)
    #expect(try session.query("SELECT 1 FROM checkpoints").count == 0)
    await other.close()
    await fixture.registry.close()
  }

  @Test("steps only grow, the same checkpoint again is the same number, another state for it is a conflict")
  func steps() async throws {
    let fixture = try await RegistryFixture.make()
    let registry = fixture.registry
    let generation = try await fixture.form("a").generation
    let first = try await registry.saveCheckpoint(fixture.draft(generation, step: 5))
    #expect(try await registry.saveCheckpoint(fixture.draft(generation, step: 5)) == first)
    #expect(
      await code { try await registry.saveCheckpoint(fixture.draft(generation, step: 5, state: [9])) } == .conflict)
    #expect(await code { try await registry.saveCheckpoint(fixture.draft(generation, step: 4)) } == .conflict)
    #expect(
      await code { try await registry.saveCheckpoint(fixture.draft(generation, step: 6, parent: 99)) } == .refused)
    let second = try await registry.saveCheckpoint(fixture.draft(generation, step: 6, parent: first))
    #expect(try await registry.checkpoints(pipeline: fixture.pipeline, limit: 9).map(\.id) == [second, first])
    await registry.close()
  }

  @Test("a checkpoint with a non-finite parameter is kept as evidence and never resumed from")
  func nonFinite() async throws {
    let fixture = try await RegistryFixture.make()
    let generation = try await fixture.form("a").generation
    let good = try await fixture.registry.saveCheckpoint(fixture.draft(generation, step: 5))
    var draft = fixture.draft(generation, step: 7, parent: good)
    draft.nonFiniteParameter = "hidden.1"
    let bad = try await fixture.registry.saveCheckpoint(draft)
    #expect(try await fixture.registry.newestCheckpoint(pipeline: fixture.pipeline)?.id == good)
    #expect(try await fixture.registry.checkpoint(bad)?.nonFiniteParameter == "hidden.1")
    // Learning goes on from the good one, through the same step.
    try await fixture.registry.saveCheckpoint(fixture.draft(generation, step: 6, parent: good))
    await fixture.registry.close()
  }

  @Test("a save whose server process is killed in the middle leaves nothing, and is done again")
  func killedInTheMiddle() async throws {
    let fixture = try await RegistryFixture.make()
    let generation = try await fixture.form("a").generation
    let session = try fixture.database.session()
    try session.query("BEGIN")
    try session.query("LOCK TABLE checkpoint_chunks IN EXCLUSIVE MODE")
    let draft = fixture.draft(generation, step: 1, state: state(bytes: 1 << 20))
    async let saved = fixture.registry.saveCheckpoint(draft)
    let watcher = try fixture.database.session(applicationName: "watcher")
    try await awaitBlockedWriter(watcher)
    let killed = try fixture.database.disconnectEverybody(where: "application_name LIKE '%(states)'")
    #expect(killed == 1)
    #expect(try watcher.query("SELECT 1 FROM checkpoints").count == 0)
    try session.query("COMMIT")
    let id = try await saved
    #expect(try await fixture.registry.state(of: id) == draft.state)
    #expect(try watcher.query("SELECT 1 FROM checkpoints").count == 1)
    await fixture.registry.close()
  }

  @Test("a state that was changed in the database is found damaged")
  func damage() async throws {
    let fixture = try await RegistryFixture.make()
    let generation = try await fixture.form("a").generation
    let id = try await fixture.registry.saveCheckpoint(fixture.draft(generation, step: 1))
    let session = try fixture.database.session()
    try session.query("UPDATE checkpoint_chunks SET data = '\\x010204'")
    #expect(await code { _ = try await fixture.registry.state(of: id) } == .damaged)
    try session.query("UPDATE checkpoint_chunks SET data = '\\x0102'")
    #expect(await code { _ = try await fixture.registry.state(of: id) } == .damaged)
    #expect(await code { _ = try await fixture.registry.state(of: 99) } == .notFound)
    await fixture.registry.close()
  }

  @Test("pruning drops the states nobody needs and keeps rows, versions and the newest")
  func pruning() async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await fixture.saveLineage(of: 6)
    try await fixture.registry.addCandidate(pipeline: fixture.pipeline, checkpoint: ids[1])
    #expect(try await fixture.registry.prune(pipeline: fixture.pipeline, keep: 2) == 3)
    let records = try await fixture.registry.checkpoints(pipeline: fixture.pipeline, limit: 9)
    #expect(records.filter(\.hasState).map(\.id) == [ids[5], ids[4], ids[1]])
    #expect(await code { _ = try await fixture.registry.state(of: ids[0]) } == .notFound)
    #expect(try await fixture.registry.audit(pipeline: fixture.pipeline).links == 6)
    await fixture.registry.close()
  }
}
