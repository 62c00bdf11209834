package import Ingest
package import Kafka
package import Pipelines
package import Vocabulary

/// Records of a topic read again, for a replay: no group's offsets are told, nothing is written.
package final class KafkaReplayFeed: ReplayFeed {
  private let consumer: KafkaConsumer
  private let decoding: ReplayDecoding
  /// At most so many records of a partition in one go.
  private static let burst = 1024
  private static let wait = Duration.milliseconds(50)

  /// - Parameters:
  ///   - pipeline: As the records were learned.
  ///   - book: Takes the names of classes that are found.
  ///   - queueBytesMax: Of what is read ahead.
  package init(
    _ pipeline: Pipeline, configuration: KafkaConfiguration, book: ClassBook?, queueBytesMax: Int = 64 << 20
  ) throws {
    consumer = try KafkaConsumer(
      configuration: configuration, group: "retrain.replay", topic: pipeline.source.topic, queueBytesMax: queueBytesMax)
    decoding = ReplayDecoding(pipeline, book: book)
  }

  package func begin(_ starts: [Int32: Int64], upTo ends: [Int32: Int64], until deadline: Deadline) async throws {
    for (partition, start) in starts.sorted(by: { $0.key < $1.key }) {
      guard let end = ends[partition], end > start else { continue }
      let marks = try await consumer.watermarks(partition, until: deadline.or(.after(.seconds(25))))
      guard marks.low <= start else {
        throw StepReplay.Failure(
          description:
            "partition \(partition) of \(consumer.topic) begins at offset \(marks.low) by now, and the replay needs it "
            + "from \(start) on: the records between are gone, by the topic's retention")
      }
      guard marks.high >= end else {
        throw StepReplay.Failure(
          description:
            "partition \(partition) of \(consumer.topic) ends at offset \(marks.high), before \(end), up to which was "
            + "learned: it is another topic of that name, or one that lost records")
      }
    }
    try await consumer.assign(starts.filter { ends[$0.key] ?? 0 > $0.value }.mapValues { .offset($0) })
  }

  package func bring(into intakes: [ReplayIntake]) async throws -> Bool {
    var wanted: [Int32: Int] = [:]
    for intake in intakes where intake.room > 0 { wanted[intake.partition] = min(intake.room, Self.burst) }
    guard !wanted.isEmpty else { return false }
    let (decoding, polled) = (decoding, wanted)
    return try await consumer.perform { consumer in
      decoding.begin(intakes)
      let count: Int
      do {
        count = try consumer.pollAny(partitions: polled, waitUpTo: Self.wait) { partition, record in
          decoding.take(record, of: partition)
        }
      } catch let error as KafkaError where error.code == .offsetOutOfRange {
        throw StepReplay.Failure(
          description: "\(consumer.topic)/\(error.partition ?? -1) no longer holds offset \(error.offset ?? -1): "
            + "its retention removed it meanwhile")
      }
      for intake in intakes where polled[intake.partition] != nil {
        guard let position = consumer.position(intake.partition) else { continue }
        if let next = position.nextOffset { intake.pass(upTo: next) }
        // The last offsets may hold no record: marks of transactions.
        if position.isAtEnd, let end = position.endOffset { intake.pass(upTo: end) }
      }
      return count > 0
    }
  }

  package func close() async { await consumer.close() }
}

/// On the consumer's thread alone.
private final class ReplayDecoding: @unchecked Sendable {  // `perform` calls on the consumer's one thread.
  private let decoder: RecordDecoder
  private let book: ClassBook?
  private var intakes: [Int32: ReplayIntake] = [:]

  init(_ pipeline: Pipeline, book: ClassBook?) {
    decoder = RecordDecoder(
      replaying: pipeline,
      strangers: pipeline.schema.label.classesMax + pipeline.source.partitions * 2 * ModelSize.waitingMax)
    self.book = book
    if book?.handsOthersOver == true { decoder.keepOtherClasses() }
  }

  func begin(_ intakes: [ReplayIntake]) {
    if let news = book?.takeClasses() {
      decoder.know(classes: news.names, isAll: news.isAll)
      book?.add(decoder.takeFoundClasses())
    }
    for intake in intakes { self.intakes[intake.partition] = intake }
  }

  func take(_ record: KafkaRecord, of partition: Int32) {
    guard let intake = intakes[partition], intake.wants(record.offset) else { return }
    guard let slot = intake.buffer.beginSlot() else {
      preconditionFailure("partition \(partition) was polled for more records than its buffer has room for")
    }
    guard !record.isTombstone else {
      intake.buffer.commitRejected(offset: record.offset, reason: .tombstone)
      return
    }
    switch decoder.decode(record.value, into: slot) {
    case .example:
      if let book {
        let found = decoder.takeFoundClasses()
        if !found.isEmpty { book.add(found) }
      }
      intake.buffer.commitExample(offset: record.offset, marks: decoder.marks, labelTime: decoder.labelTime)
    case .rejected(let reason, _):
      intake.buffer.commitRejected(offset: record.offset, reason: reason, field: decoder.rejectedField)
    }
  }
}

extension RecordDecoder {
  /// Of records as the pipeline learned them.
  package convenience init(replaying pipeline: Pipeline, strangers: Int = 1024) {
    self.init(
      schema: pipeline.schema, heads: pipeline.heads, recordBytesMax: pipeline.source.recordBytesMax,
      strangers: strangers)
  }
}
