package import Ingest
package import Kafka
package import Pipelines
package import Vocabulary

/// Moves records from the consumer into the partition buffers, decoded; what is refused goes to the dead letters.
///
/// Back-pressure: a partition whose buffer is full is simply not polled, so memory is bounded whatever the lag.
package struct RecordPump: Sendable {
  let consumer: KafkaConsumer
  let deadLetters: DeadLetters
  let topic: String
  /// Whether to go on behind records that the broker has removed.
  let skipsLost: Bool
  let news: StreamNews
  let fields: [DeclaredField]
  let examples: FieldExamples
  let label: LabelSettings?
  let book: ClassBook?
  let slices: SliceBook?
  let letterPatience: Duration
  let leftOut: LeftOut
  let ends: [Int32: Int64]

  /// - Parameters:
  ///   - fields: As the decoder numbers them.
  ///   - examples: Takes the first value that is refused for each reason and field, and keys near to a field that is missing.
  ///   - label: Of the records, where `book` takes the names of its classes.
  ///   - slices: Takes the names of values that are slices.
  ///   - letterPatience: How long the dead letters may find no room before that is told.
  ///   - ends: By partition the offset behind the last record that is wanted; others end with the log.
  ///   - leftOut: Records that are not learned: their offsets are passed over like those that hold none.
  package init(
    consumer: KafkaConsumer, deadLetters: DeadLetters, topic: String, skipsLost: Bool = false,
    news: StreamNews = StreamNews(), fields: [DeclaredField] = [], examples: FieldExamples = FieldExamples(),
    label: LabelSettings? = nil, book: ClassBook? = nil, slices: SliceBook? = nil,
    letterPatience: Duration = .seconds(30), leftOut: LeftOut = .nothing, ends: [Int32: Int64] = [:]
  ) {
    self.slices = slices
    self.ends = ends
    self.leftOut = leftOut
    self.label = label
    self.book = book
    self.letterPatience = letterPatience
    self.fields = fields
    self.examples = examples
    self.consumer = consumer
    self.deadLetters = deadLetters
    self.topic = topic
    self.skipsLost = skipsLost
    self.news = news
  }

  /// At most this many records of a partition are decoded before others get their turn.
  private static let burst = 512
  /// How often one record of a partition is marked, at most.
  private static let markInterval = Duration.milliseconds(500)
  /// A stretch that is left out is read and dropped where moving behind it would cost more.
  private static let worthMoving: Int64 = 10_000
  /// How long to wait for records at most: in a stream that goes on, and in one that has been quiet for some waits.
  private static let (wait, quietWait, quietAfter) = (Duration.milliseconds(50), Duration.milliseconds(250), 10)
  /// Between two tries of what failed for a reason that passes.
  package static let pause = Duration.milliseconds(200)

  /// Runs until cancelled.
  ///
  /// - Parameter assignment: The one that it reads for. Once there is another, it takes nothing more: the records are for
  ///   other buffers.
  /// - Throws: `StreamError` when the stream does not go on where it was left; `KafkaError` as the consumer's polls;
  ///   `CancellationError` when another assignment has taken over.
  package func run(buffers: [PartitionBuffer], decoder: sending RecordDecoder, assignment: Int) async throws {
    let decoding = Decoding(
      decoder: decoder, buffers: buffers, deadLetters: deadLetters, topic: topic, news: news,
      search: ExampleSearch(fields: fields, examples: examples), label: label, book: book, slices: slices,
      leftOut: leftOut, ends: ends)
    for buffer in buffers { decoding.markEndIfReached(buffer.partition, at: buffer.nextOffset) }
    var nextMarks = ContinuousClock.now
    var quiet = 0
    while !Task.isCancelled {
      if nextMarks <= .now {
        nextMarks = .now + Self.markInterval
        decoding.wantMarks()
      }
      var wanted: [Int32: Int] = [:]
      for buffer in buffers where buffer.freeSlots > 0 && !decoding.hasEnded(buffer.partition) {
        wanted[buffer.partition] = min(Self.burst, buffer.freeSlots)
      }
      let polled = wanted
      let wait = polled.isEmpty ? .milliseconds(2) : quiet < Self.quietAfter ? Self.wait : Self.quietWait
      do {
        let count = try await consumer.perform { consumer in
          try consumer.verify(assignment)
          decoding.learnClasses()
          let count = try consumer.pollAny(partitions: polled, waitUpTo: wait) { partition, record in
            decoding.take(record, of: partition)
          }
          for partition in polled.keys where consumer.isAtEnd(partition) {
            if let end = consumer.position(partition)?.endOffset { decoding.markEnd(of: partition, upTo: end) }
          }
          decoding.tellOfValues(isAtEnd: polled.keys.allSatisfy { consumer.isAtEnd($0) })
          return count
        }
        quiet = count == 0 && !polled.isEmpty ? quiet + 1 : 0
        try await passLeftOut(decoding, assignment)
      } catch let error as KafkaError where error.code == .offsetOutOfRange {
        try await pass(error, buffers, decoding, assignment)
      }
      try await sendLetters()
    }
  }

  /// Goes on behind long stretches that are left out, as far as the log reaches.
  private func passLeftOut(_ decoding: Decoding, _ assignment: Int) async throws {
    guard !leftOut.isEmpty else { return }
    try await consumer.perform { consumer in
      try consumer.verify(assignment)
      for (partition, next) in decoding.takeWays() {
        guard let at = consumer.position(partition)?.nextOffset, next - at >= Self.worthMoving,
          let end = consumer.knownHighWatermark(partition), end >= next
        else { continue }
        try consumer.move(partition, to: next)
      }
    }
  }

  /// A topic that takes no letters for a while holds the reading back; it does not end it.
  private func sendLetters() async throws {
    while !deadLetters.isEmpty, !Task.isCancelled {
      do { try await deadLetters.send(until: .after(letterPatience)) } catch let error as KafkaError
        where error.isRetryable
      {
        news.tell(.deadLettersHeldUp(error.description))
        try await Task.sleep(for: min(letterPatience, Self.pause))
      }
    }
  }

  /// Asks until there is an answer: brokers that are away for a while end no reading.
  ///
  /// - Throws: What does not pass by itself; `CancellationError`.
  package static func answer<Answer: Sendable>(
    pause: Duration = RecordPump.pause, _ ask: () async throws -> Answer
  ) async throws -> Answer {
    while true {
      try Task.checkCancellation()
      do { return try await ask() } catch let error as KafkaError where error.isRetryable {
        try await Task.sleep(for: pause)
      }
    }
  }

  /// The log does not hold the next record of a partition: goes on behind the gap, where that is allowed.
  private func pass(
    _ error: KafkaError, _ buffers: [PartitionBuffer], _ decoding: Decoding, _ assignment: Int
  ) async throws {
    guard let partition = error.partition, let next = error.offset,
      let buffer = buffers.first(where: { $0.partition == partition })
    else { throw error }
    let (low, high) = try await Self.answer {
      try await consumer.watermarks(partition, until: .after(.seconds(10)))
    }
    guard next <= high else {
      throw StreamError.madeAnew(topic: topic, partition: partition, next: next, evidence: .endsAt(high))
    }
    // At the same place again when the log holds it after all: a leader that was behind has caught up.
    guard next < low else {
      return try await consumer.perform { consumer in
        try consumer.verify(assignment)
        try consumer.move(partition, to: next)
      }
    }
    let range = LostRange(topic: topic, partition: partition, from: next, next: low)
    guard skipsLost else { throw StreamError.lost([range]) }
    while buffer.freeSlots == 0 {
      try Task.checkCancellation()
      try await Task.sleep(for: .milliseconds(2))
    }
    try await consumer.perform { consumer in
      try consumer.verify(assignment)
      decoding.markLost(range)
      try consumer.move(partition, to: low)
    }
    news.tell(.lost(range))
  }
}

extension KafkaConsumer {
  /// - Throws: `CancellationError` when another assignment has come.
  fileprivate func verify(_ own: Int) throws {
    if assignment != own { throw CancellationError() }
  }
}

/// The decoder and the buffers' producing ends, used on the consumer's thread alone.
private final class Decoding: @unchecked Sendable {  // `pollAny` calls on the consumer's one thread.
  private final class Intake {
    let buffer: PartitionBuffer
    var wantsMark = false
    init(_ buffer: PartitionBuffer) { self.buffer = buffer }
  }

  private let decoder: RecordDecoder
  private var intakes: [Int32: Intake] = [:]
  private let deadLetters: DeadLetters
  private let topic: String
  private let news: StreamNews
  private var search: ExampleSearch
  private let label: LabelSettings?
  private let book: ClassBook?
  private var naming: SliceNaming?
  /// Its place among the declared fields.
  private let labelField: Int?
  private var recordsUntold = 0
  private var told: Set<FieldNews.Key> = []
  private let leftOut: LeftOut
  private let ends: [Int32: Int64]
  private var ended: Set<Int32> = []
  /// By partition: behind the stretch of which a record came last.
  private var ways: [Int32: Int64] = [:]

  init(
    decoder: RecordDecoder, buffers: [PartitionBuffer], deadLetters: DeadLetters, topic: String, news: StreamNews,
    search: ExampleSearch, label: LabelSettings?, book: ClassBook?, slices: SliceBook?, leftOut: LeftOut,
    ends: [Int32: Int64]
  ) {
    naming = slices.map(SliceNaming.init)
    self.leftOut = leftOut
    self.ends = ends
    self.search = search
    self.label = label
    self.book = book
    labelField = search.place(ofLabel: label)
    self.decoder = decoder
    self.deadLetters = deadLetters
    self.topic = topic
    self.news = news
    for buffer in buffers { intakes[buffer.partition] = Intake(buffer) }
    if book?.handsOthersOver == true { decoder.keepOtherClasses() }
  }

  /// Looks at what the values say about the schema, now and then, and when nothing else is to be read.
  func tellOfValues(isAtEnd: Bool) {
    guard recordsUntold >= (isAtEnd ? 1 : 256) else { return }
    recordsUntold = 0
    for found in decoder.news where told.insert(found.key).inserted { news.tell(.values(found)) }
  }

  /// The next record of each partition is marked.
  func wantMarks() { for intake in intakes.values { intake.wantsMark = true } }

  func markEnd(of partition: Int32, upTo offset: Int64) {
    let end = ends[partition] ?? offset
    intakes[partition]?.buffer.markEnd(upTo: min(end, offset))
    if end <= offset { markEndIfReached(partition, at: offset) }
  }

  /// Nothing more of the partition is wanted: it is at its end for good.
  func markEndIfReached(_ partition: Int32, at offset: Int64) {
    guard let end = ends[partition], offset >= end, ended.insert(partition).inserted else { return }
    intakes[partition]?.buffer.markEnd(upTo: end)
  }

  func hasEnded(_ partition: Int32) -> Bool { ended.contains(partition) }

  func markLost(_ range: LostRange) { intakes[range.partition]?.buffer.commitLost(upTo: range.next) }

  func takeWays() -> [Int32: Int64] {
    defer { ways.removeAll() }
    return ways
  }

  func take(_ record: KafkaRecord, of partition: Int32) {
    if !ends.isEmpty, let end = ends[partition], record.offset >= end {
      return markEndIfReached(partition, at: record.offset)
    }
    if !leftOut.isEmpty, let stretch = leftOut.stretch(at: record.offset, of: partition) {
      ways[partition] = stretch.next
      return
    }
    guard let intake = intakes[partition], let slot = intake.buffer.beginSlot() else {
      preconditionFailure("partition \(partition) was polled for more records than its buffer has room for")
    }
    if intake.wantsMark {
      intake.wantsMark = false
      news.mark(record.mark)
    }
    guard !record.isTombstone else {
      intake.buffer.commitRejected(offset: record.offset, reason: .tombstone)
      return
    }
    recordsUntold += 1
    switch decoder.decode(record.value, into: slot) {
    case .example:
      if let book {
        let found = decoder.takeFoundClasses()
        if !found.isEmpty { book.add(found) }
      }
      naming?.note(slot, record.value)
      let marks = decoder.marks
      // First, so that what it finds travels with this record.
      search.noteKept(marks, record.value)
      intake.buffer.commitExample(offset: record.offset, marks: marks, labelTime: decoder.labelTime)
    case .rejected(let reason, let field):
      let place = decoder.rejectedField
      search.noteRejected(
        reason, field: place, value: search.wants(reason, field: place) ? decoder.rejectedValue : nil, record.value,
        partition: partition, offset: record.offset, topic: topic)
      if reason.isDeadLettered {
        deadLetters.put(
          DeadLetter(
            position: RecordPosition(topic: topic, partition: partition, offset: record.offset), reason: reason,
            field: refusal(reason, place) ?? field, key: record.key, value: record.value))
      }
      intake.buffer.commitRejected(offset: record.offset, reason: reason, field: place)
    }
  }

  /// What the letter says where a class was refused because there are as many as may be found; nil: it was not.
  private func refusal(_ reason: RejectReason, _ field: Int?) -> String? {
    guard reason == .badLabel, field == labelField, let label, let book, book.isClosed,
      let value = decoder.rejectedValue, value.hasPrefix("\"")
    else { return nil }
    return ClassBook.refusal(String(value.dropFirst().dropLast()), label: label)
  }

  /// The decoder hears of the model's classes, whoever found them.
  func learnClasses() {
    guard let news = book?.takeClasses() else { return }
    decoder.know(classes: news.names, isAll: news.isAll)
    book?.add(decoder.takeFoundClasses())
  }
}
