import Controller
import Foundation
import Health
import Pipelines
import Registry
import Testing
import Vocabulary

@Suite("Retraining by itself")
struct RetrainTriggerTests {
  private func rig(_ rule: HealthRule = .saturated) async throws -> ControllerRig {
    var setting = HealthRuleSettings(rule: rule)
    setting.action = .retrain
    var rig = try await ControllerRig.make(rules: [setting])
    var retrain = RetrainSettings()
    retrain.on = [.health, .drift]
    retrain.startPlace = "7d"
    rig.pipeline.retrain = retrain
    return rig
  }

  private func sick(_ step: Int64) -> LayerHealth {
    var sketch = ActivationSketch(units: 10)
    for value in 0..<10_000 { sketch.add(Float(value % 7) / 7 + 0.1, isSampled: true) }
    sketch.unitActivity = Array(repeating: 500, count: 10)
    sketch.saturated = 9900
    return LayerHealth(
      layer: "hidden_1", sketch: sketch, gradientSquaredNormSum: 100, steps: 100, weightNorm: 10, updateNormSum: 1)
  }

  @Test("a rule that goes on failing asks exactly once, and drift while a run is under way or soon after asks for none")
  func once() async throws {
    let rig = try await rig()
    let (registry, pipeline) = (rig.registry, rig.pipelineID)
    for step in 1...3 as ClosedRange<Int64> {
      try await rig.save(step: step, probability: 0.8, health: [sick(step)])
      try await rig.judge()
    }
    let wish = try #require(try await registry.retrainWish(pipeline: pipeline))
    #expect(wish.place == "7d" && wish.actor == "controller" && wish.reason.contains("saturated"))
    let asked = try await registry.incidents(pipeline: pipeline, limit: 20).filter { $0.kind == "retrain_asked" }
    #expect(asked.count == 1)
    // It is begun, and the wish is no more.
    let replay = try await registry.beginReplay(
      pipeline: pipeline,
      ReplayDraft(
        name: "replay-1", workFingerprint: nil, workers: 1, ends: [0: 9], follows: true, records: 9, wish: "w"),
      from: LineageOrigin(.retrain, checkpoint: nil, place: .at([0: 0]), actor: wish.actor, reason: wish.reason))
    #expect(try await registry.retrainWish(pipeline: pipeline) == nil)
    _ = try await registry.beginTrouble(pipeline: pipeline, IncidentDraft(kind: "feature_drift", severity: .notice))
    try await rig.judge()
    #expect(try await registry.retrainWish(pipeline: pipeline) == nil)
    try await registry.endReplay(pipeline: pipeline, run: replay.run, .done, outcome: "over")
    try await rig.judge()
    #expect(try await registry.retrainWish(pipeline: pipeline) == nil, "it is too soon")
    // Hours later the drift that goes on is a reason, and the rule that was answered is none.
    try rig.change("UPDATE runs SET begun_at = begun_at - interval '7 hours'")
    try rig.change(
      "UPDATE incidents SET opened_at = opened_at - interval '8 hours' WHERE kind = 'saturated'")
    try await rig.judge()
    let second = try #require(try await registry.retrainWish(pipeline: pipeline))
    #expect(second.reason.contains("feature_drift") && !second.reason.contains("saturated"), "\(second.reason)")
    await registry.close()
  }

  @Test(
    "what is measured drops by more than it may: an incident that asks once, and is over when it is as good again",
    arguments: ["best", "7d"])
  func drops(against: String) async throws {
    var rig = try await ControllerRig.make()
    var settings = RetrainSettings()
    var drop = RetrainSettings.MetricDrop()
    (drop.measure, drop.by, drop.against, drop.recordsMin) = (.loss, 0.2, against, 3000)
    (settings.on, settings.metricDrop) = ([.metricDrop], drop)
    rig.pipeline.retrain = settings
    let (registry, pipeline) = (rig.registry, rig.pipelineID)
    func open() async throws -> [IncidentRecord] {
      try await registry.openTroubles(pipeline: pipeline, kinds: ["metric_drop"])
    }
    // Two windows make a block; half a block says nothing.
    for step in 1...5 as ClosedRange<Int64> {
      try await rig.save(step: step, probability: step == 5 ? 0.5 : 0.8)
      try await rig.judge()
    }
    #expect(try await open().isEmpty)
    #expect(try await registry.retrainWish(pipeline: pipeline) == nil)
    try await rig.save(step: 6, probability: 0.5)
    try await rig.judge()
    let told = try #require(try await open().first)
    #expect(told.facts["reason"]?.hasPrefix("loss is 0.6931 over the last 4000 records, and was 0.2231") == true)
    let wish = try #require(try await registry.retrainWish(pipeline: pipeline))
    #expect(wish.reason.contains("loss is 0.6931"), "\(wish.reason)")
    for step in 7...8 as ClosedRange<Int64> { try await rig.save(step: step, probability: 0.8) }
    try await rig.judge()
    #expect(try await open().isEmpty)
    // Nobody asks for it any more: what is open is closed.
    for step in 9...10 as ClosedRange<Int64> { try await rig.save(step: step, probability: 0.5) }
    try await rig.judge()
    #expect(try await open().count == 1)
    rig.pipeline.retrain = nil
    try await rig.judge()
    #expect(try await open().isEmpty)
    let tally = try await registry.retrainTally(pipeline: pipeline)
    #expect(tally == RetrainTally())
    await registry.close()
  }

  private func dead(_ step: Int64) -> LayerHealth {
    var layer = sick(step)
    layer.sketch.saturated = 0
    layer.sketch.unitActivity = Array(repeating: 0, count: 10)
    return layer
  }

  @Test(
    "dead units ask for a run with another activation, or from the newest checkpoint with their biases set back; once",
    arguments: [HealthAction.swapActivation, .resetBias])
  func remedies(action: HealthAction) async throws {
    var setting = HealthRuleSettings(rule: .deadUnits)
    setting.action = action
    var rig = try await ControllerRig.make(rules: [setting])
    rig.pipeline.retrain = RetrainSettings()
    rig.pipeline.retrain?.on = [.health]
    for step in 1...2 as ClosedRange<Int64> {
      try await rig.save(step: step, probability: 0.8, health: [dead(step)])
      try await rig.judge()
    }
    let wish = try #require(try await rig.registry.retrainWish(pipeline: rig.pipelineID))
    let isSwap = action == .swapActivation
    #expect(wish.setting == (isSwap ? "model.activation=leaky_relu" : nil))
    #expect(wish.resetBias == (isSwap ? [] : ["hidden_1"]) && wish.place == (isSwap ? "earliest" : "newest"))
    let asked = try await rig.registry.incidents(pipeline: rig.pipelineID, limit: 20).filter {
      $0.kind == "retrain_asked"
    }
    #expect(asked.count == 1)
    #expect(asked[0].details.contains(isSwap ? "model.activation: leaky_relu" : "dead units of hidden_1 at 0"))
    await rig.registry.close()
  }

  @Test("where the activation has none to be swapped for, nothing is begun")
  func nothingToSwap() async throws {
    var setting = HealthRuleSettings(rule: .deadUnits)
    setting.action = .swapActivation
    var rig = try await ControllerRig.make(rules: [setting])
    rig.pipeline.retrain = RetrainSettings()
    rig.pipeline.retrain?.on = [.health]
    rig.pipeline.model.activation = "leaky_relu"
    try await rig.save(step: 1, probability: 0.8, health: [dead(1)])
    try await rig.judge()
    #expect(try await rig.troubles() == ["dead_units warning"])
    #expect(try await rig.registry.retrainWish(pipeline: rig.pipelineID) == nil)
    await rig.registry.close()
  }
}
