import Cryptography
import Health
import Ingest
import Learning
import Pipelines
package import Registry
import Tensors
import Vocabulary

extension StepReplay {
  /// What the replay came to, as a checkpoint: with all steps that were made in its ledger.
  ///
  /// - Parameters:
  ///   - pipeline: Its number.
  ///   - parent: The checkpoint that it began with; nil: with nothing.
  ///   - isEnd: The steps ended because the stream did, as a run does with a final checkpoint; nil: they went on over such a place, so that
  ///     nobody can deal them anew from a checkpoint alone.
  /// - Returns: nil: no step was made.
  package func checkpoint(pipeline: Int64, parent: Int64?, isEnd: Bool?) throws -> CheckpointDraft? {
    guard let window else { return nil }
    let model = try FrozenModel(spec: LearnerSpec(origin.pipeline), state: window.learner)
    let state = window.state
    var checkpoint = state.checkpoint(
      DeclaredField.all(origin.pipeline.schema, heads: origin.pipeline.heads))
    checkpoint.isFinal = isEnd == true
    if isEnd == nil { checkpoint.endsShort = nil }
    checkpoint.parametersDigest = SHA256.digest(of: model.canonicalBytes).hexadecimal
    checkpoint.nonFiniteParameter = model.firstNonFiniteParameter()
    checkpoint.fields = checkpoint.fields?.with(model.valueRows, model.numberScales)
    var contract = DataContract(origin.pipeline)
    if contract.schema.label.findsClasses { contract.schema.label.classes = state.classes }
    let (ledger, decisions) = recorded
    var draft = CheckpointDraft(
      pipeline: pipeline, generation: window.generation, parent: parent, checkpoint, state: window.learner,
      health: window.health,
      ledger: ledger.map { StepRange($0, stream: state.progress[Int($0.share.partition)].stream) },
      contract: contract.text)
    draft.ledgerFrom = origin.state.step + 1
    draft.decisions = decisions
    draft.memory = window.memory
    draft.sample = window.sample
    return draft
  }
}
