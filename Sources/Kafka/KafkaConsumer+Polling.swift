import CRDKafka
import Vocabulary

extension KafkaConsumer {
  /// Hands out what is there of one partition, in offset order, without waiting.
  ///
  /// - Parameter max: At most so many records.
  /// - Parameter body: Runs on the consumer's thread; the record's pointers end with it.
  /// - Returns: How many were handed out.
  /// - Throws: `KafkaError.offsetOutOfRange` naming the place when the log does not hold the next record;
  ///   `unknownTopic`, `authorization`, `fatal`. A broker that is away is no error: it is reported, and healed.
  public func poll(partition: Int32, max: Int, body: (KafkaRecord) -> Void) throws -> Int {
    try prepare()
    guard let queue = queues[partition] else {
      throw KafkaError(code: .other, topic: topic, partition: partition, reason: "the partition is not assigned")
    }
    let count = drain(queue, max: max, body)
    if count == 0 { try throwPending() }
    return count
  }

  /// Hands out what is there of several partitions; when there is nothing, waits for the first of them.
  ///
  /// - Parameter partitions: At most how many records of which partition.
  /// - Parameter duration: At most 250 ms are waited in one call, so that `commit` and `close` get their turn.
  /// - Returns: How many were handed out; 0 also when only the end of a partition was reached.
  /// - Throws: As `poll`.
  public func pollAny(
    partitions: [Int32: Int], waitUpTo duration: Duration, body: (Int32, KafkaRecord) -> Void
  ) throws -> Int {
    try prepare()
    var count = drainAll(partitions, body)
    if count == 0 {
      try throwPending()
      let wait = min(duration, .milliseconds(250))
      guard wait > .zero else { return 0 }
      let start = ContinuousClock.now
      wakeDescriptor.wait(upTo: wait)
      counters.waits += 1
      counters.waited += start.duration(to: .now)
      serveEvents()
      count = drainAll(partitions, body)
      if count == 0 { try throwPending() }
    }
    return count
  }

  private func prepare() throws {
    try handle.check()
    serveEvents()
    try handle.check()
    try throwPending()
    refill()
  }

  private func drainAll(_ partitions: [Int32: Int], _ body: (Int32, KafkaRecord) -> Void) -> Int {
    var count = 0
    for (partition, max) in partitions where max > 0 {
      guard let queue = queues[partition] else { continue }
      count += drain(queue, max: max) { body(partition, $0) }
    }
    return count
  }

  private func drain(_ queue: PartitionQueue, max: Int, _ body: (KafkaRecord) -> Void) -> Int {
    var failure: KafkaError?
    let count = queue.drain(max: max, scratch: scratch) { message in
      let text = rd_kafka_message_errstr(message).map { handle.context.redactor(String(cString: $0)) }
      let error = KafkaError(
        library: message.pointee.err, topic: topic, partition: queue.partition,
        offset: queue.nextOffset ?? (message.pointee.offset >= 0 ? message.pointee.offset : nil), reason: text)
      // What heals by itself is reported; the first of the others ends the reading.
      if error.isRetryable { handle.context.observe(.trouble(error)) } else { failure = failure ?? error }
    } _: {
      body($0)
    }
    counters.records += Int64(count)
    if let failure { pendingError = pendingError ?? failure }
    return count
  }

  /// The error stays: reading cannot go on behind it until the next `assign`.
  private func throwPending() throws {
    if let pendingError { throw pendingError }
  }

  func serveEvents(waitingUpTo wait: Duration = .zero) {
    handle.serveEvents(waitingUpTo: wait) { event in
      guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT else { return }
      commitsUnderWay = max(0, commitsUnderWay - 1)
      let result = rd_kafka_event_error(event)
      if result != RD_KAFKA_RESP_ERR_NO_ERROR {
        handle.context.observe(.trouble(KafkaError(library: result, topic: topic)))
      }
    }
  }

  /// Tells the group how far was read, for lag tools; never read back. Returns at once.
  ///
  /// - Parameter next: The next offset to read of each partition.
  /// - Throws: `KafkaError` when it could not even be queued; a failure later is an observed `trouble`.
  public func commit(_ next: [Int32: Int64]) throws {
    try handle.check()
    serveEvents()
    guard !next.isEmpty else { return }
    let list = PartitionList(topic: topic, offsets: next)
    let result = rd_kafka_commit(handle.pointer, list.pointer, 1)
    if result != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(library: result, topic: topic) }
    commitsUnderWay += 1
  }
}
