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

/// A registry with a pipeline whose checkpoints the test writes itself.
private struct Rig {
  let database: TestDatabase
  let registry: Registry
  let pipelineID: Int64
  let generation: Generation
  let pipeline: Pipeline

  static func make(rules: [HealthRuleSettings] = []) async throws -> Rig {
    let database = try TestDatabase.fresh()
    let registry = try await Registry.open(uri: database.uri, applicationName: "rig", deadline: .after(.seconds(20)))
    _ = try await registry.migrate()
    var health = HealthSettings()
    health.rules = rules
    var rollout = RolloutSettings()
    rollout.recordsMin = 500
    rollout.candidateEvery = .zero
    let pipeline = Pipeline(
      name: "judged", source: SourceSettings(topic: "t"),
      schema: FeatureSchema(label: LabelSettings(path: "y"), features: [FeatureSettings(name: "a", type: .float)]),
      model: ModelSettings(task: .binary), training: TrainingSettings(), checkpoint: CheckpointSettings(),
      health: health, rollout: rollout, serving: ServingSettings())
    let record = try await registry.register(
      pipeline: pipeline.name, specification: "name: judged", desiredWorkers: 1, until: nil)
    try await registry.join(
      pipeline: record.id,
      MemberFacts(id: "w", address: "127.0.0.1:1", heldStep: nil, joinedAt: .now, lastSeen: .now))
    let formed = try #require(try await registry.formGeneration(pipeline: record.id, desired: 1, grace: .zero))
    return Rig(
      database: database, registry: registry, pipelineID: record.id, generation: formed.generation, pipeline: pipeline)
  }

  /// Test-then-train measures of a model that says `probability` for label 1, on as many ones as zeros.
  static func metrics(records: Int, probability: Float) -> StreamMetrics {
    var metrics = StreamMetrics(task: .binary)
    for record in 0..<records {
      let isPositive = record % 2 == 0
      metrics.add(outputs: [isPositive ? probability : 1 - probability], labels: [isPositive ? 1 : 0], count: 1)
    }
    return metrics
  }

  @discardableResult
  func save(
    step: Int64, probability: Float, records: Int = 2000, nonFinite: String? = nil, difference: Double? = nil,
    comparedWith: Int64? = nil, health: [LayerHealth] = []
  ) async throws -> Int64 {
    let metrics = Self.metrics(records: records, probability: probability)
    var comparison: PairedDifference?
    if let difference {
      var pairs = PairedDifference()
      for pair in 0..<5000 {
        let noise = pair % 2 == 0 ? 0.05 : -0.05
        pairs.add(candidate: 0.5 + difference + noise, baseline: 0.5)
      }
      comparison = pairs
    }
    return try await registry.saveCheckpoint(
      CheckpointDraft(
        pipeline: pipelineID, generation: generation, parent: nil,
        Checkpoint(
          step: step, progress: [PartitionProgress(partition: 0, startOffset: 0, nextOffset: step, trained: step)],
          metrics: metrics, window: metrics, comparison: comparison, comparedWith: comparedWith, parametersDigest: "",
          nonFiniteParameter: nonFinite),
        state: [1], health: health))
  }

  func controller(
    _ holder: String = "c", metrics: MetricsRegistry = MetricsRegistry(), at address: HostPort? = nil
  ) -> ControllerService {
    ControllerService(
      pipeline: pipeline, database: DatabaseLocation(uri: database.uri), holder: holder, metrics: metrics,
      metricsAddress: address, logger: Logger(label: holder, sink: .none))
  }

  /// A controller that has judged everything there is.
  func judge() async throws {
    let service = controller()
    service.requestStop()
    try await service.run()
  }

  /// What goes on: kind and severity. The model of the rig is not well calibrated, and nobody minds.
  func troubles() async throws -> [String] {
    try await registry.incidents(pipeline: pipelineID, limit: 10)
      .filter { $0.closedAt == nil && $0.kind != "calibration" }
      .map { "\($0.kind) \($0.severity.rawValue)" }
  }

  func states() async throws -> [VersionState] {
    try await registry.versions(pipeline: pipelineID).sorted { $0.number < $1.number }.map(\.state)
  }
}

@Suite("Controller service")
struct ControllerServiceTests {
  @Test("the first checkpoint that beats a constant becomes the stable version, with its evidence in the journal")
  func firstVersion() async throws {
    let rig = try await Rig.make()
    let checkpoint = try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    let versions = try await rig.registry.versions(pipeline: rig.pipelineID)
    #expect(versions.map(\.state) == [.stable])
    #expect(versions.map(\.checkpoint) == [checkpoint])
    let decisions = try await rig.registry.decisions(pipeline: rig.pipelineID, limit: 10)
    #expect(decisions.map(\.to) == [.stable, .validated])
    #expect(decisions.allSatisfy { $0.evidence.contains("priorLoss") && !$0.reason.isEmpty })
    await rig.registry.close()
  }

  @Test("its metrics say what the tables hold, and the numbers that a candidate's verdict rests on")
  func metrics() async throws {
    let rig = try await Rig.make()
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    try await rig.registry.openTrouble(
      pipeline: rig.pipelineID, IncidentDraft(key: "k", kind: "disk_full", severity: .error))
    // Neither better nor worse by as much as would decide.
    try await rig.save(step: 2, probability: 0.8, difference: 0.005, comparedWith: 1)
    let metrics = MetricsRegistry()
    let service = rig.controller("shown", metrics: metrics, at: HostPort(host: "127.0.0.1", port: 9))
    #expect(!service.isReady)
    service.requestStop()
    try await service.run()
    #expect(service.isReady)
    let text = metrics.prometheusText()
    for line in [
      #"retrain_controller_lease_held{pipeline="judged"} 1"#,
      #"retrain_controller_pass_duration_seconds_count{pipeline="judged"} 1"#,
      #"retrain_decisions_total{pipeline="judged",rule="beats_prior"} 2"#,
      #"retrain_desired_state{pipeline="judged",state="running"} 1"#,
      #"retrain_incidents_total{kind="disk_full",pipeline="judged"} 1"#,
      #"retrain_open_incidents{kind="disk_full",pipeline="judged"} 1"#,
      #"retrain_stable_version{pipeline="judged"} 1"#,
      #"retrain_versions{pipeline="judged",state="stable"} 1"#,
      #"retrain_versions{pipeline="judged",state="candidate"} 1"#,
      #"retrain_candidate_pairs{pipeline="judged",version="2"} 5000"#,
      #"retrain_candidate_verdict{kind="inconclusive",pipeline="judged",version="2"} 1"#,
      #"retrain_candidate_loss_tolerance{pipeline="judged",version="2"} 0.005"#,
    ] { #expect(text.contains("\n" + line + "\n"), "\(line)") }
    #expect(text.contains("retrain_candidate_loss_difference_upper{"))
    #expect(text.contains("retrain_stable_version_age_seconds{"))
    #expect(try await rig.registry.controllers(pipeline: rig.pipelineID).isEmpty, "it has taken itself out")
    await rig.registry.close()
  }

  @Test("a checkpoint with too few tested records is not even proposed")
  func tooFew() async throws {
    let rig = try await Rig.make()
    try await rig.save(step: 1, probability: 0.8, records: 499)
    try await rig.judge()
    #expect(try await rig.states().isEmpty)
    await rig.registry.close()
  }

  @Test("a checkpoint that is worse than a constant is rejected")
  func worseThanConstant() async throws {
    let rig = try await Rig.make()
    try await rig.save(step: 1, probability: 0.2)
    try await rig.judge()
    #expect(try await rig.states() == [.rejected])
    await rig.registry.close()
  }

  @Test("a better candidate takes the stable version's place; a worse one is rejected and the stable one stays")
  func successors() async throws {
    let rig = try await Rig.make()
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    try await rig.save(step: 2, probability: 0.8, difference: 0.2, comparedWith: 1)
    try await rig.judge()
    #expect(try await rig.states() == [.stable, .rejected])
    try await rig.save(step: 3, probability: 0.85, difference: -0.1, comparedWith: 1)
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .rejected, .stable])
    await rig.registry.close()
  }

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
    let rig = try await Rig.make()
    try await rig.save(step: 1, probability: 0.8, health: [Self.layer(saturated: 9900)])
    try await rig.judge()
    #expect(try await rig.troubles() == ["saturated warning"])
    #expect(try await rig.states() == [.rejected])
    let told = try #require(
      try await rig.registry.incidents(pipeline: rig.pipelineID, limit: 9).first { $0.kind == "saturated" })
    #expect(told.layer == "hidden_1" && told.details.contains("0.99 against a limit of 0.9"))
    try await rig.save(step: 2, probability: 0.8, health: [Self.layer(saturated: 10)])
    try await rig.judge()
    #expect(try await rig.troubles().isEmpty)
    #expect(try await rig.states() == [.rejected, .stable])
    await rig.registry.close()
  }

  @Test("a frozen promotion leaves what serves in its place, and what passed waits until the rule passes again")
  func freeze() async throws {
    var drift = HealthRuleSettings(rule: .drift)
    drift.action = .freezePromotion
    let rig = try await Rig.make(rules: [drift])
    let usual = Self.layer(saturated: 10)
    var shifted = usual
    shifted.sketch.buckets = shifted.sketch.buckets.reversed()
    try await rig.save(step: 1, probability: 0.8, health: [usual])
    try await rig.judge()
    try await rig.save(step: 2, probability: 0.85, difference: -0.1, comparedWith: 1, health: [shifted])
    try await rig.judge()
    #expect(try await rig.troubles() == ["drift warning"])
    #expect(try await rig.states() == [.stable, .validated])
    try await rig.save(step: 3, probability: 0.85, difference: -0.1, comparedWith: 1, health: [usual])
    try await rig.judge()
    #expect(try await rig.troubles().isEmpty)
    let states = try await rig.states()
    #expect(states[0] == .retired && states.count { $0 == .stable } == 1)
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
    let rig = try await Rig.make(rules: [rule])
    try await rig.save(step: 1, probability: 0.8, health: [Self.layer(saturated: 9900)])
    try await rig.judge()
    #expect(try await rig.troubles() == troubles)
    #expect(try await rig.states() == [isPromoted ? .stable : .rejected])
    await rig.registry.close()
  }

  @Test("a stream that gets worse than a constant, window after window, is a page")
  func diverging() async throws {
    let rig = try await Rig.make()
    for step in 1...3 { try await rig.save(step: Int64(step), probability: 0.1) }
    try await rig.judge()
    #expect(try await rig.troubles().contains("diverging error"))
    await rig.registry.close()
  }

  @Test("a candidate with a non-finite parameter is rejected whatever its loss")
  func nonFiniteParameter() async throws {
    let rig = try await Rig.make()
    try await rig.save(step: 1, probability: 0.9, nonFinite: "hidden_1")
    try await rig.judge()
    // Such a checkpoint is no resumable state, so nobody may even propose it.
    #expect(try await rig.states().allSatisfy { $0 == .rejected })
    await rig.registry.close()
  }

  @Test("a stable version that would have given a non-finite reply is rolled back to the one before")
  func nonFiniteReply() async throws {
    let rig = try await Rig.make()
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    try await rig.save(step: 2, probability: 0.85, difference: -0.1, comparedWith: 1)
    try await rig.judge()
    #expect(try await rig.states() == [.retired, .stable])
    var report = ServerReport(id: "s", address: "127.0.0.1", port: 1)
    report.outputs = [2: ServerReport.Outputs(requests: 10, nonFinite: 1)]
    try await rig.registry.reportServer(pipeline: rig.pipelineID, report)
    try await rig.judge()
    #expect(try await rig.states() == [.stable, .rolledBack])
    let newest = try await rig.registry.decisions(pipeline: rig.pipelineID, limit: 2)
    #expect(newest.contains { $0.to == .rolledBack && $0.rule == "non_finite" })
    await rig.registry.close()
  }

  @Test("while one controller holds the lease another decides nothing, and takes over once it is given up")
  func lease() async throws {
    let rig = try await Rig.make()
    let held = try #require(
      try await rig.registry.acquireLease(pipeline: rig.pipelineID, holder: "other", ttl: .seconds(60)))
    try await rig.save(step: 1, probability: 0.8)
    try await rig.judge()
    #expect(try await rig.states().isEmpty)
    try await rig.registry.release(held)
    try await rig.judge()
    #expect(try await rig.states() == [.stable])
    await rig.registry.close()
  }
}
