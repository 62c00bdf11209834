import Foundation
import Pipelines
import Registry
import Rollouts
import Testing

@Suite("Slices before the controller")
struct SliceTests {
  private func rig(_ slices: [Double]) async throws -> ControllerRig {
    var rig = try await ControllerRig.make()
    rig.pipeline.rollout.lane = .fast
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    try await rig.save(step: 2, probability: 0.85, difference: -0.02, comparedWith: 1, slices: slices)
    try await rig.judge()
    return rig
  }

  @Test("a version that is better over all and worse for one carrier is never promoted, and the journal says for which")
  func worse() async throws {
    var rig = try await rig([0, 0, 0.4, 0])
    #expect(try await rig.states() == [.stable, .candidate])
    rig.pipeline.rollout.recordsMin = 100
    try await rig.judge()
    #expect(try await rig.states() == [.stable, .retired])
    let journal = try await rig.registry.decisions(pipeline: rig.pipelineID, version: 2, limit: 10)
    let last = try #require(journal.first)
    #expect(last.rule == "undecided" && last.window == "1250 pairs of carrier=c2")
    #expect(last.reason.contains("is good overall, but its loss of slice carrier=c2 is worse by 0.3"), "\(last.reason)")
    await rig.registry.close()
  }

  @Test(
    "one that serves on watch goes back as soon as it is known to be worse for one carrier, and the next is not let in")
  func onWatch() async throws {
    var rig = try await ControllerRig.make()
    rig.pipeline.rollout.lane = .fast
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    try await rig.save(step: 2, probability: 0.85, difference: -0.02, comparedWith: 1, own: 300)
    try await rig.judge()
    #expect(try await rig.registry.version(2, pipeline: rig.pipelineID)?.isOnWatch == true)
    try await rig.save(step: 3, probability: 0.85, difference: -0.02, comparedWith: 1, of: 2, slices: [0, 0, 0.4, 0])
    try await rig.judge()
    #expect(try await rig.states() == [.stable, .rolledBack, .candidate])
    let journal = try await rig.registry.decisions(pipeline: rig.pipelineID, version: 2, limit: 10)
    #expect(journal.first?.rule == "slice" && journal.first?.reason.contains("carrier=c2") == true)
    await rig.registry.close()
  }

  @Test("one that is as good for each of thirty is promoted")
  func equal() async throws {
    let rig = try await rig(Array(repeating: 0, count: 30))
    #expect(try await rig.states() == [.retired, .stable])
    await rig.registry.close()
  }
}
