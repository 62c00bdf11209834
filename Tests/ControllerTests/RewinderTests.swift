import Controller
import Evaluation
import Foundation
import Health
import Pipelines
import Registry
import Rollouts
import Testing
import Vocabulary

@Suite("Rewinding by itself")
struct RewinderTests {
  private static func rig() async throws -> ControllerRig {
    var rule = HealthRuleSettings(rule: .saturated)
    rule.action = .rewind
    return try await ControllerRig.make(rules: [rule])
  }

  /// A window of ten records of the lineage of now, behind all that it has.
  @discardableResult
  private func save(_ rig: ControllerRig, isSick: Bool) async throws -> Int64 {
    let registry = rig.registry
    let head = try #require(try await registry.pipeline(rig.pipelineID))
    let newest = try await registry.newestCheckpoint(pipeline: rig.pipelineID)
    var progress =
      newest?.progress ?? [PartitionProgress(partition: 0, startOffset: 0, stream: head.stream)]
    progress[0].nextOffset += 10
    progress[0].trained += 10
    var sketch = ActivationSketch(units: 10)
    for value in 0..<10_000 { sketch.add(Float(value % 7) / 7 + 0.1, isSampled: true) }
    sketch.unitActivity = Array(repeating: 500, count: 10)
    sketch.saturated = isSick ? 9900 : 10
    let step = (newest?.step ?? 0) + 1
    let layer = LayerHealth(
      layer: "hidden_1", sketch: sketch, gradientSquaredNormSum: 100, steps: 100, weightNorm: 10 + Double(step) / 100,
      updateNormSum: 1)
    let metrics = ControllerRig.metrics(records: 100, probability: 0.8)
    return try await registry.saveCheckpoint(
      CheckpointDraft(
        pipeline: rig.pipelineID, generation: head.generation, parent: newest?.id,
        Checkpoint(step: step, progress: progress, metrics: metrics, window: metrics, parametersDigest: "\(step)"),
        state: [1], health: [layer], lineage: head.lineage))
  }

  private func lineages(_ rig: ControllerRig) async throws -> [LineageRecord] {
    var begun: [LineageRecord] = []
    for number in 1...9 {
      if let record = try await rig.registry.lineage(number, pipeline: rig.pipelineID) { begun.append(record) }
    }
    return begun
  }

  @Test(
    "a rule that asks for it has training go back to before the first window that failed, once, leaving out what did it"
  )
  func rule() async throws {
    let rig = try await Self.rig()
    var ids: [Int64] = []
    for isSick in [false, false, true] { ids.append(try await save(rig, isSick: isSick)) }
    try await rig.judge()
    let first = try #require(try await lineages(rig).first)
    #expect(first.kind == .rewind && first.origin == ids[1] && first.actor == "controller")
    #expect(first.reason.contains("saturated"), "\(first.reason)")
    let newest = try #require(try await rig.registry.newestCheckpoint(pipeline: rig.pipelineID))
    // The stretch lies right behind the checkpoint, so it is passed at once.
    #expect(newest.progress[0].nextOffset == 30 && newest.progress[0].skipped == 10 && newest.lineage == 1)
    // It fails once more: the incident is the same, and so was the remedy.
    try await save(rig, isSick: true)
    try await rig.judge()
    #expect(try await lineages(rig).count == 1)
    #expect(try await rig.registry.audit(pipeline: rig.pipelineID).isClean)
    await rig.registry.close()
  }

  @Test("another harm soon after is a person's: an incident says with which command, until a lineage begins")
  func coolDown() async throws {
    let rig = try await Self.rig()
    for isSick in [false, true] { try await save(rig, isSick: isSick) }
    // A controller that stays: one that is new counts windows that pass anew.
    let service = rig.stayingController()
    try await service.run()
    for isSick in [false, false, false, true] {
      try await save(rig, isSick: isSick)
      try await service.run()
    }
    #expect(try await lineages(rig).count == 1)
    let asked = try #require(
      try await rig.registry.openTroubles(pipeline: rig.pipelineID, kinds: ["rewind_asked"]).first)
    let sentence = asked.sentence.text()
    #expect(sentence.contains("less than ten minutes ago") && sentence.contains("'retrainctl rewind'"), "\(sentence)")
    // Ten minutes later it is done; after three times within a day a person is asked again.
    try rig.change("UPDATE lineages SET begun_at = begun_at - interval '11 minutes'")
    try rig.change("UPDATE incidents SET opened_at = opened_at - interval '1 second' WHERE kind = 'saturated'")
    try await rig.judge()
    #expect(try await lineages(rig).count == 2)
    #expect(try await rig.registry.openTroubles(pipeline: rig.pipelineID, kinds: ["rewind_asked"]).isEmpty)
    await rig.registry.close()
  }

  @Test(
    "a rollback of the version that serves asks a person, or goes back by itself, as the file says",
    arguments: ["ask", "auto"])
  func rollback(setting: String) async throws {
    var rig = try await ControllerRig.make()
    rig.pipeline.rollout.rewind = try #require(RolloutSettings.Rewind(rawValue: setting))
    var ids: [Int64] = []
    for _ in 0..<3 { ids.append(try await save(rig, isSick: false)) }
    let registry = rig.registry
    for id in ids.prefix(2) { try await registry.addCandidate(pipeline: rig.pipelineID, checkpoint: id) }
    for number in [1, 2] as [Int64] {
      let versions = try await registry.versions(pipeline: rig.pipelineID).map(\.facts)
      try await registry.apply(
        Rollout.promote(number, by: "maria", versions: versions, freeze: nil), evidence: "{}", pipeline: rig.pipelineID,
        lease: nil)
    }
    // Servers saw that it gives what is no number.
    try rig.change("UPDATE checkpoints SET non_finite_parameter = 'hidden_1' WHERE id = \(ids[1])")
    try await rig.judge()
    #expect(try await registry.version(2, pipeline: rig.pipelineID)?.state == .rolledBack)
    if setting == "ask" {
      #expect(try await lineages(rig).isEmpty)
      let asked = try #require(try await registry.openTroubles(pipeline: rig.pipelineID, kinds: ["rewind_asked"]).first)
      #expect(asked.sentence.text().contains("'retrainctl rewind --to \(ids[0]) --until 0:20'"), "\(asked.details)")
    } else {
      let lineage = try #require(try await lineages(rig).first)
      #expect(lineage.origin == ids[0] && lineage.reason.contains("version 2 was rolled back to version 1"))
      #expect(lineage.summary.contains("partition 0: 10…19"), "\(lineage.summary)")
    }
    await registry.close()
  }
}
