import Cryptography
import Evaluation
import Health
import Learning
package import Pipelines
package import Registry
import Vocabulary

/// A checkpoint with the biases of units that answer zero to everything set back to 0: the first of a run beside, which goes on
/// learning from there. The model that learns, and what serves, stay as they are.
package struct BiasReset: Sendable {
  package let draft: CheckpointDraft
  /// By layer, how many units.
  package let units: [(layer: String, count: Int)]

  /// Why there is nothing to begin with.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// - Parameters:
  ///   - layers: Hidden layers of which dead units are looked for, as health names them.
  ///   - pipeline: As the checkpoint was learned.
  /// - Throws: `Failure` where no unit is dead, or the model has none; `RegistryError`; `LearningError`.
  package init(
    _ layers: [String], of known: CheckpointRecord, _ pipeline: Pipeline, in registry: Registry
  ) async throws {
    guard let learner = LearnerSpec(pipeline).makeModel(batchCapacity: 1) as? Learner else {
      throw Failure(description: "the model has no layers whose biases could be set back")
    }
    try learner.restoreState(try await registry.state(of: known.id))
    let health = try await registry.layerHealth(checkpoint: known.id)
    var units: [(layer: String, count: Int)] = []
    for layer in layers {
      guard let activity = health.first(where: { $0.layer == layer })?.sketch.unitActivity, !activity.isEmpty else {
        throw Failure(description: "checkpoint \(known.id) says nothing of units of a layer \(layer)")
      }
      let dead = activity.indices.filter { activity[$0] == 0 }
      let count = learner.resetBiases(of: layer, units: dead)
      if count > 0 { units.append((layer, count)) }
    }
    guard !units.isEmpty else {
      throw Failure(
        description: "no unit of \(layers.joined(separator: ", ")) is dead in the window of checkpoint \(known.id)")
    }
    var checkpoint = known.checkpoint
    checkpoint.window = StreamMetrics(task: checkpoint.metrics.task)
    checkpoint.parametersDigest = SHA256.digest(of: learner.parametersDigestInput).hexadecimal
    checkpoint.isFinal = false
    var draft = CheckpointDraft(
      pipeline: known.pipeline, generation: known.generation, parent: known.id, checkpoint,
      state: learner.encodeState(), contract: try await registry.contract(ofCheckpoint: known.id)?.text)
    draft.memory = try await registry.memory(of: known.id)
    draft.ledgerFrom = known.step + 1
    self.draft = draft
    self.units = units
  }

  /// As the end of a sentence.
  package var sentence: String {
    "biases set back: " + units.map { "\($0.count) units of \($0.layer)" }.joined(separator: ", ")
  }
}
