import Confinement
import Controller
import Evaluation
import Foundation
import Health
import Membership
import Pipelines
import Registry
import Rollouts
import Telemetry
import TestKit
import Testing
import Vocabulary

@Suite("Health watch")
struct HealthWatchTests {
  /// A layer of ten units over a thousand rows, of which so many values are saturated.
  private static func layer(saturated: Int64) -> LayerHealth {
    var sketch = ActivationSketch(units: 10)
    for value in 0..<10_000 { sketch.add(Float(value % 7) / 7 + 0.1, isSampled: true) }
    sketch.unitActivity = Array(repeating: 500, count: 10)
    sketch.saturated = saturated
    return LayerHealth(
      layer: "hidden_1", sketch: sketch, gradientSquaredNormSum: 100, steps: 100, weightNorm: 10, updateNormSum: 1)
  }

  @Test("a rule that fails is an incident, nothing is promoted while it does, and it is over when it passes")
  func healthRule() async throws {
    let rig = try await ControllerRig.make()
    try await rig.save(step: 1, probability: 0.8, health: [Self.layer(saturated: 9900)])
    try await rig.judge()
    #expect(try await rig.troubles() == ["saturated warning"])
    #expect(try await rig.states() == [.rejected])
    let told = try #require(
      try await rig.registry.incidents(pipeline: rig.pipelineID, limit: 9).first { $0.kind == "saturated" })
    #expect(told.layer == "hidden_1" && told.details.contains("0.99 against a limit of 0.9"))
    let service = rig.stayingController()
    // One window that passes may be chance, two are enough.
    for (step, troubles) in [(2, ["saturated warning"]), (3, [])] {
      try await rig.save(step: Int64(step), probability: 0.8, health: [Self.layer(saturated: 10)])
      try await service.run()
      #expect(try await rig.troubles() == troubles)
    }
    let states = try await rig.states()
    #expect(states[0] == .rejected && states.contains(.stable))
    await rig.registry.close()
  }

  @Test(
    "a layer whose updates become another size is noticed, by a controller that has seen the windows before and by a new one"
  )
  func shift() async throws {
    for isNew in [false, true] {
      let rig = try await ControllerRig.make()
      for step in Int64(1)...6 { try await rig.save(step: step, probability: 0.8, health: [Self.layer(saturated: 10)]) }
      if !isNew { try await rig.judge() }
      #expect(try await rig.troubles().isEmpty)
      var slow = Self.layer(saturated: 10)
      slow.updateNormSum /= 1000
      try await rig.save(step: 7, probability: 0.8, health: [slow])
      try await rig.judge()
      #expect(try await rig.troubles() == ["update_shift notice"])
      await rig.registry.close()
    }
  }

  @Test("what an earlier controller left open of a rule that is off by now is over")
  func ruleTurnedOff() async throws {
    var rule = HealthRuleSettings(rule: .saturated)
    rule.action = .off
    let rig = try await ControllerRig.make(rules: [rule])
    _ = try await rig.registry.beginTrouble(
      pipeline: rig.pipelineID, IncidentDraft(kind: "saturated", severity: .warning))
    try await rig.save(step: 1, probability: 0.8, health: [Self.layer(saturated: 9900)])
    try await rig.judge()
    #expect(try await rig.troubles().isEmpty)
    await rig.registry.close()
  }

  @Test("what a window asked for is done once: another controller goes on behind the window that was seen last")
  func goesOn() async throws {
    var rule = HealthRuleSettings(rule: .saturated)
    rule.action = .lowerRate
    let rig = try await ControllerRig.make(rules: [rule])
    try await rig.save(step: 1, probability: 0.8, health: [Self.layer(saturated: 9900)])
    for _ in 0..<3 {
      try await rig.judge()
      let record = try #require(try await rig.registry.pipeline(rig.pipelineID))
      #expect(record.rateScale == 0.5 && record.healthSeen != nil)
    }
    await rig.registry.close()
  }

  @Test("a frozen promotion leaves what serves in its place, and what passed waits until the rule passes again")
  func freeze() async throws {
    var drift = HealthRuleSettings(rule: .drift)
    drift.action = .freezePromotion
    let rig = try await ControllerRig.make(rules: [drift])
    let usual = Self.layer(saturated: 10)
    var shifted = usual
    shifted.sketch.buckets = shifted.sketch.buckets.reversed()
    try await rig.save(step: 1, probability: 0.8, health: [usual])
    try await rig.judge()
    try await rig.save(step: 2, probability: 0.85, difference: -0.1, comparedWith: 1, health: [shifted])
    try await rig.judge()
    #expect(try await rig.troubles() == ["drift warning"])
    #expect(try await rig.states() == [.stable, .validated])
    let service = rig.stayingController()
    for step in 3...4 {
      try await rig.save(
        step: Int64(step), probability: 0.85, difference: -0.1, comparedWith: 1, of: 2, health: [usual])
      try await service.run()
    }
    #expect(try await rig.troubles().isEmpty)
    #expect(try await rig.states().prefix(2) == [.retired, .stable])
    await rig.registry.close()
  }

  @Test("a rule that wants a lower rate halves it with each window that fails, and gives it back when it is over")
  func lowerRate() async throws {
    var rule = HealthRuleSettings(rule: .saturated)
    rule.action = .lowerRate
    let rig = try await ControllerRig.make(rules: [rule])
    func scale() async throws -> Double? { try await rig.registry.pipeline(rig.pipelineID)?.rateScale }
    for (step, expected) in [(1, 0.5), (2, 0.25), (3, 0.125), (4, 0.0625), (5, 0.0625)] {
      try await rig.save(step: Int64(step), probability: 0.8, health: [Self.layer(saturated: 9900)])
      try await rig.judge()
      #expect(try await scale() == expected)
    }
    let troubles = try await rig.troubles()
    #expect(troubles.sorted() == ["rate_lowered warning", "saturated warning"])
    let service = rig.stayingController()
    for (step, expected) in [(6, 0.0625), (7, 1)] {
      try await rig.save(step: Int64(step), probability: 0.8, health: [Self.layer(saturated: 10)])
      try await service.run()
      #expect(try await scale() == expected)
    }
    #expect(try await rig.troubles().isEmpty)
    await rig.registry.close()
  }

  @Test("what begins to fail later is an incident of its own, and each is over by itself")
  func spells() async throws {
    let rig = try await ControllerRig.make()
    func layers(_ first: Int64, _ second: Int64) -> [LayerHealth] {
      let (one, two) = (Self.layer(saturated: first), Self.layer(saturated: second))
      return [
        one,
        LayerHealth(
          layer: "hidden_2", sketch: two.sketch, gradientSquaredNormSum: 100, steps: 100, weightNorm: 10,
          updateNormSum: 1),
      ]
    }
    func saturated() async throws -> [String?] {
      try await rig.registry.openTroubles(pipeline: rig.pipelineID, kinds: ["saturated"]).map(\.layer)
    }
    try await rig.save(step: 1, probability: 0.8, health: layers(9900, 10))
    try await rig.judge()
    #expect(try await saturated() == ["hidden_1"])
    try await rig.save(step: 2, probability: 0.8, health: layers(9900, 9900))
    try await rig.judge()
    let both = try await saturated()
    #expect(both == ["hidden_1", "hidden_2"])
    let service = rig.stayingController()
    for step in 3...4 {
      try await rig.save(step: Int64(step), probability: 0.8, health: layers(10, 9900))
      try await service.run()
    }
    #expect(try await saturated() == ["hidden_2"])
    await rig.registry.close()
  }

  @Test("no window is passed over, however fast they come")
  func everyWindow() async throws {
    let rig = try await ControllerRig.make()
    let service = rig.stayingController()
    try await rig.save(step: 1, probability: 0.8, health: [Self.layer(saturated: 10)])
    try await service.run()
    // Several between two looks, of which the one in the middle is sick.
    for (step, saturated) in [(2, 10), (3, 9900), (4, 10), (5, 10), (6, 10)] as [(Int64, Int64)] {
      try await rig.save(step: step, probability: 0.8, health: [Self.layer(saturated: saturated)])
    }
    try await service.run()
    let told = try await rig.registry.incidents(pipeline: rig.pipelineID, limit: 9).filter { $0.kind == "saturated" }
    #expect(told.count == 1 && told.allSatisfy { $0.closedAt != nil && $0.step == 3 })
    await rig.registry.close()
  }

  @Test(
    "what is done is what the pipeline says: of all layers or of one, with another threshold, or nothing",
    arguments: [
      (nil, 0.995, nil, [], true), (nil, nil, .note, ["saturated notice"], true),
      ("hidden_1", nil, .page, ["saturated error"], true), (nil, nil, .off, [], true),
      ("hidden_2", nil, .off, ["saturated warning"], false),
    ] as [(String?, Double?, HealthAction?, [String], Bool)])
  func settings(
    of layer: String?, threshold: Double?, action: HealthAction?, troubles: [String], isPromoted: Bool
  ) async throws {
    var rule = HealthRuleSettings(rule: .saturated)
    (rule.of, rule.threshold, rule.action) = (layer, threshold, action)
    let rig = try await ControllerRig.make(rules: [rule])
    try await rig.save(step: 1, probability: 0.8, health: [Self.layer(saturated: 9900)])
    try await rig.judge()
    #expect(try await rig.troubles() == troubles)
    #expect(try await rig.states() == [isPromoted ? .stable : .rejected])
    await rig.registry.close()
  }

  @Test("a stream that gets worse than a constant, window after window, is a page")
  func diverging() async throws {
    let rig = try await ControllerRig.make()
    for step in 1...3 { try await rig.save(step: Int64(step), probability: 0.1) }
    try await rig.judge()
    #expect(try await rig.troubles().contains("diverging error"))
    await rig.registry.close()
  }
}
