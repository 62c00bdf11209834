import Foundation
import Ingest
import Learning
import Pipelines
import Registry
import Rollouts
import Tensors
import Vocabulary

/// Predicts with a stored version in this process, by the same code and to the same bits as a server.
struct LocalPrediction {
  let registry: Registry
  let pipeline: PipelineRecord
  /// Nil: the stable one.
  let version: Int64?

  func predict(_ record: String) async throws -> Prediction {
    let chosen =
      if let version { try await registry.version(version, pipeline: pipeline.id) } else {
        try await registry.versionsInPlay(pipeline: pipeline.id).first { $0.state == .stable }
      }
    guard let chosen else {
      let what = version.map { "no version \($0)" } ?? "no stable version yet"
      throw CommandFailure(version == nil ? .unavailable : .usage, "'\(pipeline.name)' has \(what)")
    }
    let today = try PipelineFile(text: pipeline.specification, name: pipeline.name).pipeline
    // The version means what it meant when it was learned, whatever the file says by now.
    let contract = try await registry.contract(ofCheckpoint: chosen.checkpoint)
    let settings = try contract.map { today.under(try DataContract(text: $0.text)) } ?? today.following(nil)
    let predictor = try Predictor(
      spec: LearnerSpec(settings), state: try await registry.state(of: chosen.checkpoint), batchCapacity: 1)
    if predictor.remembers, let memory = try await registry.newestMemory(alongside: chosen.checkpoint) {
      try predictor.adoptMemory(memory.state)
    }
    let (answers, notes) = try answers(of: predictor, record, settings)
    guard answers.allSatisfy({ $0.outputs.allSatisfy(\.isFinite) }) else {
      throw CommandFailure(.ourFault, "version \(chosen.number) gives a non-finite output for this record: not shown")
    }
    return Prediction(
      pipeline: pipeline.name, version: chosen.number, answers: answers, notes: notes, from: "computed here")
  }

  private func answers(
    of predictor: Predictor, _ record: String, _ settings: Pipeline
  ) throws -> ([Prediction.Head], notes: [String]) {
    prepareArithmeticThread()
    let decoder = RecordDecoder(
      schema: settings.schema, task: settings.model.task, recordBytesMax: settings.source.recordBytesMax,
      purpose: .prediction)
    let batch = FeatureBatch(
      capacity: 1, numberCount: decoder.numberCount, categoryCount: decoder.categoryCount,
      weightedCount: decoder.weightedCount)
    var eventTime = Double.nan
    let bytes = Array(record.utf8)
    let outcome = withUnsafeMutablePointer(to: &eventTime) { eventTime in
      bytes.withUnsafeBytes { decoder.decode($0, into: ExampleSlot(row: 0, of: batch, eventTime: eventTime)) }
    }
    if case .rejected(let reason, let field) = outcome {
      let refusal = RecordRefusal(settings.schema, recordBytesMax: settings.source.recordBytesMax)
      let why = bytes.withUnsafeBytes {
        refusal.sentence(reason, field: field, value: decoder.rejectedValue, record: $0)
      }
      throw CommandFailure(.usage, "the record is rejected: " + (field.map { "field “\($0)”: " } ?? "") + why)
    }
    let notes = bytes.withUnsafeBytes { RecordNotes(settings.schema).sentences(decoder.marks, record: $0) }
    batch.count = 1
    predictor.predict(batch)
    let heads = settings.heads.enumerated().map { place, head in
      Prediction.Head(
        name: head.name, outputs: predictor.outputs(ofHead: place).map(Prediction.exact), classes: head.classNames)
    }
    return (heads, notes)
  }
}
