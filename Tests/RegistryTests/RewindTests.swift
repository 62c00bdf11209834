import Foundation
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("Where a run goes back to")
struct RewindTests {
  private func blame(_ fixture: RegistryFixture, _ checkpoint: Int64, _ kind: String = "dead_units") async throws {
    try await fixture.registry.openTrouble(
      pipeline: fixture.pipeline,
      IncidentDraft(
        kind: kind, severity: .warning,
        details: IncidentDraft.details(["checkpoint": String(checkpoint), "reason": "dead"])))
  }

  private func plan(
    _ fixture: RegistryFixture, _ target: RewindTarget, until: [Int32: Int64]? = nil
  ) async throws -> RewindPlan {
    try await fixture.registry.rewindPlan(pipeline: fixture.pipeline, to: target, until: until)
  }

  @Test("is before the first window that an open incident of health names, of several the oldest; a notice is none")
  func harm() async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await fixture.saveLineage(of: 6)
    #expect(await code { _ = try await plan(fixture, .harm) } == .refused)
    try await blame(fixture, ids[4])
    try await blame(fixture, ids[3], "saturated")
    let found = try await plan(fixture, .harm)
    #expect(found.origin.id == ids[2] && found.stretch == [OffsetStretch(partition: 0, from: 130, next: 160)])
    #expect(found.because.contains("saturated"))
    // What was pruned is no place to go back to; the stretch that did it is the same.
    let session = try fixture.database.session()
    try session.query("UPDATE checkpoints SET has_state = false WHERE id = \(ids[2])")
    let earlier = try await plan(fixture, .harm)
    #expect(earlier.origin.id == ids[1] && earlier.stretch == found.stretch)
    try session.query("UPDATE checkpoints SET has_state = false WHERE id < \(ids[2])")
    #expect(await code { _ = try await plan(fixture, .harm) } == .refused)
    try await blame(fixture, ids[0], "all_zero")
    #expect(await code { _ = try await plan(fixture, .harm) } == .refused, "there is nothing before the first window")
    await fixture.registry.close()
  }

  @Test("is where a person says: after a checkpoint, before offsets, or so many steps ago")
  func said() async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await fixture.saveLineage(of: 6)
    let after = try await plan(fixture, .checkpoint(ids[1]), until: [0: 145])
    #expect(after.origin.id == ids[1] && after.stretch == [OffsetStretch(partition: 0, from: 120, next: 145)])
    let before = try await plan(fixture, .before([0: 137]))
    #expect(before.origin.id == ids[2] && before.stretch == [OffsetStretch(partition: 0, from: 137, next: 160)])
    let steps = try await plan(fixture, .steps(2))
    #expect(steps.origin.id == ids[3] && steps.stretch == [OffsetStretch(partition: 0, from: 140, next: 160)])
    for wrong in [.steps(9), .checkpoint(99), .before([7: 1]), .before([0: 50])] as [RewindTarget] {
      #expect(await code { _ = try await plan(fixture, wrong) } == .refused, "\(wrong)")
    }
    await fixture.registry.close()
  }

  @Test("is the newest checkpoint after a halt: nothing of the harm is in it, and nobody knows where it ends")
  func halted() async throws {
    let fixture = try await RegistryFixture.make()
    let ids = try await fixture.saveLineage(of: 2)
    try await fixture.registry.halt(pipeline: fixture.pipeline, reason: "it diverged")
    let found = try await plan(fixture, .harm)
    #expect(found.origin.id == ids[1] && found.stretch.isEmpty && found.because.contains("it diverged"))
    #expect(
      try await plan(fixture, .harm, until: [0: 130]).stretch == [OffsetStretch(partition: 0, from: 120, next: 130)])
    await fixture.registry.close()
  }
}
