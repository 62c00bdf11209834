import Evaluation
import Foundation
import Health
import Pipelines
import Registry
import Rollouts
import Testing
import Vocabulary

/// Through the registry: windows in which versions' own frozen weights lose what the test says.
@Suite("Versions that their own answers condemn")
struct VersionHealthTests {
  private struct Stream {
    let rig: ControllerRig
    var frozen = FrozenScores()
    var step: Int64

    /// - Parameter versions: The reference first.
    init(_ rig: ControllerRig, versions: [Int64], after step: Int64) {
      (self.rig, self.step) = (rig, step)
      frozen.follow(count: versions.count) { versions[$0] }
      frozen.serving = versions[0]
    }

    mutating func window(_ losses: [Double]) async throws {
      for record in 0..<300 {
        let noise = record % 2 == 0 ? 0.01 : -0.01
        for place in losses.indices {
          frozen.add(losses[place] + noise, reference: losses[0] + noise, learner: 0.5, weight: 1, at: place)
        }
      }
      step += 1
      let metrics = ControllerRig.metrics(records: 300, probability: 0.8)
      var checkpoint = Checkpoint(
        step: step, progress: [PartitionProgress(partition: 0, startOffset: 0, nextOffset: step, trained: step)],
        metrics: metrics, window: metrics, comparison: nil, comparedWith: nil, parametersDigest: "",
        nonFiniteParameter: nil)
      checkpoint.frozen = frozen
      try await rig.registry.saveCheckpoint(
        CheckpointDraft(
          pipeline: rig.pipelineID, generation: rig.generation, parent: nil, checkpoint, state: [1], health: []))
    }
  }

  private func rig(_ action: HealthAction) async throws -> ControllerRig {
    var rule = HealthRuleSettings(rule: .lossSpike)
    rule.action = action
    return try await ControllerRig.make(rules: [rule])
  }

  @Test(
    "a candidate whose own frozen weights answer much worse in a window is rejected, with that in the journal",
    arguments: [true, false])
  func candidate(isItsOwn: Bool) async throws {
    var rig = try await rig(.freezePromotion)
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    // Nothing is decided by pairs.
    rig.pipeline.rollout.recordsMin = 1_000_000
    let candidate = try await rig.registry.addCandidate(
      pipeline: rig.pipelineID, checkpoint: try await rig.save(step: 2, probability: 0.8))
    #expect(candidate == 2)
    var stream = Stream(rig, versions: [1, 2], after: 2)
    for _ in 0..<7 { try await stream.window([0.5, 0.5]) }
    try await rig.judge()
    #expect(try await rig.states() == [.stable, .candidate])
    try await stream.window([isItsOwn ? 0.5 : 4, 4])
    try await rig.judge()
    #expect(try await rig.states() == [.stable, isItsOwn ? .rejected : .candidate])
    let last = try #require(try await rig.registry.decisions(pipeline: rig.pipelineID, limit: 1).first)
    if isItsOwn {
      #expect(last.rule == "health" && last.reason.contains("by the frozen weights of version 2"), "\(last.reason)")
      #expect(last.evidence.contains(#""version": 2"#))
    }
    await rig.registry.close()
  }

  @Test(
    "what serves makes room for the version before it where its own answers show a rule and that one answers better")
  func rollBack() async throws {
    var rig = try await rig(.rollBack)
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    try await rig.save(step: 2, probability: 0.85, difference: -0.1, comparedWith: 1)
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .stable])
    rig.pipeline.rollout.recordsMin = 1_000_000
    var stream = Stream(rig, versions: [2, 1], after: 2)
    for _ in 0..<7 { try await stream.window([0.5, 0.55]) }
    // The stream that both answer worse is no reason.
    try await stream.window([4, 4.05])
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .stable])
    for _ in 0..<7 { try await stream.window([0.5, 0.55]) }
    try await stream.window([4, 0.55])
    try await rig.judge()
    #expect(try await rig.states() == [.stable, .rolledBack])
    let decisions = try await rig.registry.decisions(pipeline: rig.pipelineID, limit: 2)
    #expect(
      decisions.contains {
        $0.to == .rolledBack && $0.rule == "health" && $0.reason.contains("by the frozen weights of version 2")
      })
    // What the other one showed is nothing of the one that serves now.
    try await stream.window([4, 0.55])
    try await rig.judge()
    #expect(try await rig.states() == [.stable, .rolledBack])
    await rig.registry.close()
  }

  @Test("what is learned may drift as it likes: the version that serves stays where its own answers are as they were")
  func learner() async throws {
    var rig = try await rig(.rollBack)
    for step in 1...2 as ClosedRange<Int64> {
      try await rig.save(
        step: step, probability: 0.8 + 0.05 * Float(step), difference: step == 1 ? nil : -0.1,
        comparedWith: step == 1 ? nil : 1)
      try await rig.judge()
    }
    rig.pipeline.rollout.recordsMin = 1_000_000
    var stream = Stream(rig, versions: [2, 1], after: 2)
    for _ in 0..<6 { try await stream.window([0.5, 0.55]) }
    try await rig.save(step: 20, probability: 0.01)
    try await rig.judge()
    #expect(try await rig.troubles().contains("loss_spike warning"))
    #expect(try await rig.states().prefix(2) == [.retired, .stable])
    await rig.registry.close()
  }
}
