import Health
import Registry
import Testing
import Vocabulary

@Suite("Samples of windows")
struct SampleTests {
  private static func sample(_ step: Int64) -> RowSample {
    var sample = RowSample([RowColumn("y", .label, .number), RowColumn("c", .feature, .category)])
    for offset in (step * 100)..<(step * 100 + 50) {
      let key = RecordKey(partition: 1, offset: offset).word
      guard sample.wants(key) else { continue }
      sample.append(key) {
        $0.append(RowCell(Float(offset)))
        $0.append(RowCell(category: 3))
      }
    }
    return sample
  }

  @Test("come back as they were saved, the newest first, and go when nobody will look at them any more")
  func keptAndPruned() async throws {
    let fixture = try await RegistryFixture.make()
    let (registry, pipeline) = (fixture.registry, fixture.pipeline)
    let generation = try await fixture.form("a").generation
    var ids: [Int64] = []
    for step in 1...Int64(2 * BaselineWindows.windowsMax + 20) {
      var draft = fixture.draft(generation, step: step, parent: ids.last)
      draft.sample = Self.sample(step)
      ids.append(try await registry.saveCheckpoint(draft))
      // The tenth may serve: the windows that it was made of are kept with it, and those that came behind it.
      if step == 10 { _ = try await registry.addCandidate(pipeline: pipeline, checkpoint: ids[9]) }
    }
    let last = try #require(ids.last)
    let found = try await registry.samples(upTo: last, limit: 3)
    #expect(found.map(\.checkpoint) == ids.suffix(3).reversed())
    #expect(found[0].sample.encoded() == Self.sample(Int64(ids.count)).encoded() && found[0].sample.seen == 50)
    #expect(try await registry.samples(upTo: last, after: ids[ids.count - 3], limit: 9).count == 2)
    #expect(try await registry.samples(upTo: ids[4], limit: 99).map(\.checkpoint) == ids.prefix(5).reversed())
    try await registry.prune(pipeline: pipeline, keep: 2)
    let kept = Set(try await registry.samples(upTo: last, limit: 999).map(\.checkpoint))
    #expect(kept == Set(ids.prefix(9 + BaselineWindows.windowsMax) + ids.suffix(BaselineWindows.windowsMax)))
    await registry.close()
  }
}
