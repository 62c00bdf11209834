import Confinement
import Ingest
import Learning
import Pipelines
import Registry
import Tensors
import Vocabulary
import Worker

/// A checkpoint's model, and records sent through it one by one; on a thread of its own.
struct RecordWalks: Sendable {
  /// As the checkpoint was learned under.
  let pipeline: Pipeline
  let state: [UInt8]
  let memory: [UInt8]?
  let deadline: Deadline

  /// Steps to make first.
  struct Steps: Sendable {
    var origin: StepReplay.Origin
    var ledger: RegistryReplayLedger
    var feed: KafkaReplayFeed
    var book: ClassBook?
    /// By partition: nothing behind it is read.
    var ends: [Int64]
    var largestStep: Int
    var leftOut: LeftOut
    var registry: Registry
    var windows: [LineageWindow]
  }

  struct Answer: Sendable {
    var records: [Reproduction.Record]
    var agreement: StepReplay.Agreement?
  }

  /// - Throws: `LearningError` where the state is none of the pipeline's model; `StepReplay.Failure`.
  func walk(_ found: [IncidentRecords.Found], after steps: Steps? = nil) async throws -> Answer {
    try await onDedicatedThread(named: "reproduce") {
      prepareArithmeticThread()
      guard pipeline.model.preset == nil else {
        throw LearningError(
          code: .anotherSpec,
          reason: "a record's way is shown through the layers of a network, and `model: auto` is none: its inputs and "
            + "gradients are bounded, so no record alone makes its numbers non-finite")
      }
      var agreement: StepReplay.Agreement?
      let learner: Learner
      if let steps {
        let replay = try StepReplay(steps.origin, rowsMax: steps.largestStep, book: steps.book)
        replay.follow(steps.registry, steps.windows, known: steps.leftOut)
        try replay.run(
          .recorded(steps.ledger), feed: steps.feed, ends: steps.ends, leavingOut: steps.leftOut, until: deadline)
        guard let made = replay.learner as? Learner else { preconditionFailure("a network's replay makes a network") }
        (agreement, learner) = (replay.agreement, made)
      } else {
        learner = Learner(spec: LearnerSpec(pipeline), batchCapacity: 1)
        if pipeline.schema.label.findsClasses { learner.know(classes: pipeline.schema.label.classes.count) }
        try learner.restoreState(state)
        try learner.restoreMemory(memory)
      }
      learner.summation = .whole
      let reading = RecordReading(pipeline, shape: learner.batchShape)
      let batch = reading.makeBatch(learner.batchShape)
      var records: [Reproduction.Record] = []
      for record in found where !deadline.hasPassed { records.append(try walk(record, learner, reading, batch)) }
      return Answer(records: records, agreement: agreement)
    }
  }

  private func walk(
    _ found: IncidentRecords.Found, _ learner: Learner, _ reading: RecordReading, _ batch: FeatureBatch
  ) throws -> Reproduction.Record {
    var record = Reproduction.Record(record: found.position.description, source: found.source)
    let key = RecordKey(partition: found.position.partition, offset: found.position.offset).word
    let (raw, refusal) = reading.read(found.value, key: key, into: batch)
    if let refusal {
      (record.refusal, record.sentence) = (refusal, "the record is refused as the pipeline stood then: \(refusal)")
      return record
    }
    let walk = learner.walk(0, of: batch)
    let numbers = Dictionary(
      zip(pipeline.schema.numericFeatures.map(\.name), raw), uniquingKeysWith: { first, _ in first })
    record.stages = walk.stages.map { stage in
      Reproduction.Stage(stage, raw: stage.part == .input ? stage.feature.flatMap { numbers[$0] } : nil)
    }
    if let first = walk.first { record.stages[first].isFirst = true }
    (record.isReproduced, record.isModelToBlame) = (walk.finding != nil, walk.isModelToBlame)
    (record.layer, record.feature) = (walk.finding?.layer, walk.finding?.feature)
    record.isLarge = walk.finding?.isLarge ?? false
    record.sentence = sentence(walk)
    if walk.finding == nil, !walk.isModelToBlame, !batch.labels[0].isNaN {
      try addUpdate(learner, batch, to: &record)
    }
    return record
  }

  private func sentence(_ walk: RecordWalk) -> String {
    let first = walk.firstNonFinite.map { walk.stages[$0] }
    let place = first.map { "\($0.layer), \($0.part.words)" + ($0.feature.map { " of \($0)" } ?? "") } ?? ""
    if let finding = walk.finding {
      let without = finding.feature.map { "; without its \($0) it would not" } ?? ""
      return finding.isLarge
        ? "reproduced: all its numbers are finite, and the gradient in \(finding.layer) is so large that the sum over a step "
          + "is not\(without)"
        : "reproduced: the record makes numbers non-finite, first in \(place)\(without)"
    }
    if walk.isModelToBlame {
      return
        "not the record's doing: numbers become non-finite\(first == nil ? "" : ", first in \(place)"), and would with "
        + "usual values in its place too; the model is damaged"
    }
    return first == nil
      ? "finite: every number of it is one"
      : "sound: a number is not finite in \(place), and comes to one again before anything is learned from it"
  }

  /// What the record alone would do to the weights; the learner is left as it was.
  private func addUpdate(_ learner: Learner, _ batch: FeatureBatch, to record: inout Reproduction.Record) throws {
    let state = learner.encodeState()
    let (update, stages) = learner.walkUpdate(0, of: batch)
    try learner.restoreState(state)
    record.sentence +=
      update.isFinite
      ? "; learned alone, its gradient has the norm \(Wording.measure(update.gradientNorm))"
        + (update.wasClipped ? ", which is clipped" : "")
      : "; learned alone, its update would not be taken"
    record.stages += stages.map { Reproduction.Stage($0, raw: nil) }
  }
}
