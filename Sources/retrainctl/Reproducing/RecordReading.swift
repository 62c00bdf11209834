import Ingest
import Learning
import Pipelines
import Tensors

/// Records becoming rows as learning has them, and what numbers were before they were clipped.
struct RecordReading {
  /// A number as the record has it.
  enum Raw: Sendable, Hashable {
    case absent
    case value(Float)
    /// No float holds it.
    case beyond
  }

  private let schema: FeatureSchema
  private let decoder, unclipped: RecordDecoder
  private let recordBytesMax: Int
  private let weighsRecords: Bool
  private let room: FeatureBatch

  init(_ pipeline: Pipeline, shape: BatchShape) {
    schema = pipeline.schema
    recordBytesMax = pipeline.source.recordBytesMax
    weighsRecords = schema.weight != nil
    func make(_ schema: FeatureSchema) -> RecordDecoder {
      let decoder = RecordDecoder(schema: schema, heads: pipeline.heads, recordBytesMax: pipeline.source.recordBytesMax)
      if schema.label.findsClasses {
        decoder.know(classes: schema.label.classes, isAll: true)
        decoder.keepOtherClasses()
      }
      return decoder
    }
    decoder = make(schema)
    var open = schema
    for index in open.features.indices { open.features[index].clip = nil }
    unclipped = make(open)
    room = shape.makeBatch(capacity: 1, weighsRecords: weighsRecords)
  }

  /// Puts a record into the first row of `batch`.
  ///
  /// - Returns: By number, in the order of the columns, what the record itself says; or why it is refused.
  func read(_ record: [UInt8], key: UInt64, into batch: FeatureBatch) -> (raw: [Raw], refusal: String?) {
    batch.keys[0] = key
    if case .rejected(let reason, let field) = decode(record, with: decoder, into: batch) {
      let refusal = RecordRefusal(schema, recordBytesMax: recordBytesMax)
      let why = record.withUnsafeBytes {
        refusal.sentence(reason, field: field, value: decoder.rejectedValue, record: $0)
      }
      return ([], (field.map { "field “\($0)”: " } ?? "") + why)
    }
    // The label of a class that has no number teaches nothing.
    if batch.labels[0] == RecordDecoder.otherClass, schema.label.findsClasses { batch.labels[0] = .nan }
    let isWhole = if case .example = decode(record, with: unclipped, into: room) { true } else { false }
    let raw = (0..<batch.numberCount).map { number -> Raw in
      if batch.numbers[number].isNaN { return .absent }
      return isWhole ? .value(room.numbers[number]) : .beyond
    }
    return (raw, nil)
  }

  private func decode(_ record: [UInt8], with decoder: RecordDecoder, into batch: FeatureBatch) -> DecodeOutcome {
    batch.count = 1
    var eventTime = Double.nan
    return withUnsafeMutablePointer(to: &eventTime) { eventTime in
      record.withUnsafeBytes { decoder.decode($0, into: ExampleSlot(row: 0, of: batch, eventTime: eventTime)) }
    }
  }

  func makeBatch(_ shape: BatchShape) -> FeatureBatch { shape.makeBatch(capacity: 1, weighsRecords: weighsRecords) }
}
