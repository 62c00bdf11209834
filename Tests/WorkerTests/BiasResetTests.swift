import Evaluation
import Foundation
import Health
import Learning
import Membership
import Pipelines
import Registry
import TestKit
import Testing
import Vocabulary
import Worker

@Suite("Biases set back")
struct BiasResetTests {
  private let pipeline = smallPipeline { $0.model.hidden = [8] }

  private func health(_ activity: [Int64]) -> LayerHealth {
    var sketch = ActivationSketch(units: 8)
    sketch.unitActivity = activity
    return LayerHealth(
      layer: "hidden_1", sketch: sketch, gradientSquaredNormSum: 1, steps: 10, weightNorm: 1, updateNormSum: 1)
  }

  @Test("make a checkpoint with which a run beside begins; the model that learns keeps its own")
  func beside() async throws {
    let database = try TestDatabase.fresh()
    let registry = try await Registry.open(uri: database.uri, applicationName: "bias", deadline: .after(.seconds(20)))
    _ = try await registry.migrate()
    let record = try await registry.register(
      pipeline: "small", specification: "name: small", desiredWorkers: 1, until: nil)
    try await registry.join(
      pipeline: record.id,
      MemberFacts(id: "w", address: "127.0.0.1:1", heldStep: nil, joinedAt: .now, lastSeen: .now))
    let formed = try #require(try await registry.formGeneration(pipeline: record.id, desired: 1, grace: .zero))
    let spec = LearnerSpec(pipeline)
    let learner = Learner(spec: spec, batchCapacity: 32)
    var batches = SyntheticBatches(spec, seed: 5)
    for _ in 0..<20 {
      let batch = batches.next(rows: 32)
      learner.predict(batch)
      let local = learner.backward(batch)
      learner.absorbOwn()
      _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
    }
    let state = learner.encodeState()

    func save(_ step: Int64, _ activity: [Int64]) async throws -> CheckpointRecord {
      let metrics = StreamMetrics(task: .binary)
      let checkpoint = Checkpoint(
        step: step, progress: [PartitionProgress(partition: 0, startOffset: 0, nextOffset: step, trained: step)],
        metrics: metrics, window: metrics, comparison: nil, comparedWith: nil, parametersDigest: "",
        nonFiniteParameter: nil)
      let id = try await registry.saveCheckpoint(
        CheckpointDraft(
          pipeline: record.id, generation: formed.generation, parent: nil, checkpoint, state: state,
          health: [health(activity)]))
      let saved = try await registry.checkpoint(id)
      guard let saved else { throw CancellationError() }
      return saved
    }

    let sound = try await save(20, Array(repeating: 9, count: 8))
    await #expect(throws: BiasReset.Failure.self) {
      try await BiasReset(["hidden_1"], of: sound, pipeline, in: registry)
    }
    await #expect(throws: BiasReset.Failure.self) {
      try await BiasReset(["hidden_7"], of: sound, pipeline, in: registry)
    }
    let known = try await save(21, [9, 0, 9, 9, 0, 9, 9, 9])
    let reset = try await BiasReset(["hidden_1"], of: known, pipeline, in: registry)
    #expect(reset.units.map(\.count) == [2] && reset.sentence == "biases set back: 2 units of hidden_1")
    let replay = try await registry.beginReplay(
      pipeline: record.id,
      ReplayDraft(
        name: "replay-1", workFingerprint: nil, workers: 1, ends: [0: 99], follows: true, records: 78, wish: "w"),
      from: LineageOrigin(.retrain, checkpoint: known.id, actor: "controller", reason: "dead units"),
      first: reset.draft)
    let first = try #require(try await registry.newestCheckpoint(pipeline: record.id, run: replay.run))
    let (edited, kept) = (try await registry.state(of: first.id), try await registry.state(of: known.id))
    #expect(edited == reset.draft.state && edited != state && kept == state)
    #expect(first.step == 21 && first.parent == known.id && first.progress[0].nextOffset == 21)
    #expect(try await registry.newestCheckpoint(pipeline: record.id)?.id == known.id)
    // Workers of the run go on from it.
    try learner.restoreState(edited)
    #expect(learner.resetBiases(of: "hidden_1", units: [1, 4]) == 2 && learner.encodeState() == edited)
    await registry.close()
  }
}
