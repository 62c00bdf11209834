import Evaluation
import Ingest
import Learning
package import Pipelines
package import Registry
package import Vocabulary

extension StepReplay.Origin {
  /// What a checkpoint holds.
  ///
  /// - Parameter pipeline: As the checkpoint was learned under.
  /// - Throws: `RegistryError.notFound` where its state was pruned.
  package init(
    _ checkpoint: CheckpointRecord, _ pipeline: Pipeline, in registry: Registry
  ) async throws {
    var state = TrainingState(
      checkpoint.checkpoint, task: EvaluationTask(pipeline),
      DeclaredField.all(pipeline.schema, heads: pipeline.heads))
    if pipeline.schema.label.findsClasses { state.classes = pipeline.schema.label.classes }
    self.init(
      pipeline: pipeline, partitionCount: checkpoint.progress.count, state: state,
      learner: try await registry.state(of: checkpoint.id), memory: try await registry.memory(of: checkpoint.id))
  }

  /// A model without a past.
  ///
  /// - Parameter starts: Where each partition begins.
  package init(beginning pipeline: Pipeline, at starts: [PartitionProgress]) {
    self.init(
      pipeline: pipeline, partitionCount: starts.count,
      state: TrainingState(task: EvaluationTask(pipeline), progress: starts),
      learner: LearnerSpec(pipeline).makeModel(batchCapacity: 1).encodeState(), memory: nil)
  }
}
