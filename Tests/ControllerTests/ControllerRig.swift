import Confinement
import Controller
import Evaluation
import Foundation
import Health
import Membership
import Pipelines
import Postgres
import Registry
import Rollouts
import Telemetry
import TestKit
import Testing
import Vocabulary

/// A registry with a pipeline whose checkpoints the test writes itself.
struct ControllerRig {
  let database: TestDatabase
  let registry: Registry
  let pipelineID: Int64
  let generation: Generation
  var pipeline: Pipeline

  static func make(rules: [HealthRuleSettings] = []) async throws -> ControllerRig {
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
    return ControllerRig(
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

  /// - Parameters:
  ///   - difference: Of the version's own pairs with the version `comparedWith`, and of the learner's trend.
  ///   - slices: The same on one carrier in turn, beside `difference`.
  ///   - own: How many of the version's own pairs there are.
  ///   - version: That the checkpoint will be; nil: the same number as the step.
  @discardableResult
  func save(
    step: Int64, probability: Float, records: Int = 2000, nonFinite: String? = nil, difference: Double? = nil,
    comparedWith: Int64? = nil, own: Int = 5000, of version: Int64? = nil, health: [LayerHealth] = [],
    slices: [Double] = [], sample: RowSample? = nil
  ) async throws -> Int64 {
    let metrics = Self.metrics(records: records, probability: probability)
    // Weights that are learned are never twice the same.
    var health = health
    for place in health.indices { health[place].weightNorm += Double(step) / 100 }
    var comparison: PairedDifference?
    var frozen = FrozenScores()
    if let difference {
      var pairs = PairedDifference()
      for pair in 0..<5000 {
        let noise = pair % 2 == 0 ? 0.05 : -0.05
        pairs.add(candidate: 0.5 + difference + noise, baseline: 0.5)
      }
      comparison = pairs
      let numbers = [comparedWith ?? 1, version ?? step]
      frozen.slice(by: slices.isEmpty ? [] : [SliceTable.Field(name: "carrier", reading: 1)])
      frozen.follow(count: 2) { numbers[$0] }
      for pair in 0..<own {
        let noise = pair % 2 == 0 ? 0.05 : -0.05
        frozen.add(0.5 + difference + noise, reference: 0.5, learner: 0.5, weight: 1, at: 1)
        guard !slices.isEmpty else { continue }
        let carrier = pair / 2 % slices.count
        let slice = frozen.meet(UInt64(carrier), named: "c\(carrier)", of: 0)
        frozen.add(
          0.5 + difference + slices[carrier] + noise, reference: 0.5, weight: 1, field: 0, slice: slice, at: 1)
      }
    }
    var checkpoint = Checkpoint(
      step: step, progress: [PartitionProgress(partition: 0, startOffset: 0, nextOffset: step, trained: step)],
      metrics: metrics, window: metrics, comparison: comparison, comparedWith: comparedWith, parametersDigest: "",
      nonFiniteParameter: nonFinite)
    if difference != nil { checkpoint.frozen = frozen }
    var draft = CheckpointDraft(
      pipeline: pipelineID, generation: generation, parent: nil, checkpoint, state: [1], health: health)
    draft.sample = sample
    return try await registry.saveCheckpoint(draft)
  }

  func controller(
    _ holder: String = "c", metrics: MetricsRegistry = MetricsRegistry(), at address: HostPort? = nil
  ) -> ControllerService {
    ControllerService(
      pipeline: pipeline, database: DatabaseLocation(uri: database.uri), holder: holder, metrics: metrics,
      metricsAddress: address, logger: Logger(label: holder, sink: .none))
  }

  func change(_ sentence: String) throws { try database.session().query(sentence) }

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

  /// A controller that stays from one call of `look` to the next.
  func stayingController() -> ControllerService {
    let service = controller("stays")
    service.requestStop()
    return service
  }

  func states() async throws -> [VersionState] {
    try await registry.versions(pipeline: pipelineID).sorted { $0.number < $1.number }.map(\.state)
  }
}
