import CRDKafka
import Confinement
public import Vocabulary

/// What became of the records of a producer: `sent = delivered + failed + underWay`.
public struct ProducerCounters: Sendable, Hashable {
  public var sent: Int64 = 0
  public var delivered: Int64 = 0
  public var failed: Int64 = 0
  public var underWay: Int64 { sent - delivered - failed }

  public init(sent: Int64 = 0, delivered: Int64 = 0, failed: Int64 = 0) {
    self.sent = sent
    self.delivered = delivered
    self.failed = failed
  }
}

/// What became of one record that was sent with a tag.
public struct DeliveryReport: Sendable, Hashable {
  public let tag: Int
  /// Nil: it is in the log.
  public let error: KafkaError?
}

/// Publishes records, each exactly once and in order within its partition, whatever happens to connections and brokers.
///
/// Idempotent; the partition is chosen from the key by `murmur2_random`, as Java clients choose it, unless the property
/// `partitioner` says otherwise. The queue holds at most `queueBytesMax`; a full one holds the caller back. A record is
/// given up after `message.timeout.ms` (30 minutes unless the property says otherwise). All calls run on one thread.
public actor KafkaProducer {
  private let thread = ConfinedThread(name: "kafka-producer")
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let handle: KafkaHandle
  private var topics: [String: OpaquePointer] = [:]
  private var firstFailure: KafkaError?
  private var reports: [DeliveryReport] = []
  private var sinceServed = 0
  public private(set) var counters = ProducerCounters()
  /// The record that was given up first, counted from 0 in the order of sending; nil: none, or one with headers.
  public private(set) var firstFailed: Int64?

  /// - Parameter patience: After which a record is given up; `message.timeout.ms` unless the property says otherwise.
  /// - Parameter messageBytesMax: The largest message and the largest batch of them, whatever the property says; nil: as
  ///   `message.max.bytes` says, else as much as a broker takes by default.
  /// - Throws: `KafkaError.invalidConfiguration`, before any connection is made.
  public init(
    configuration: KafkaConfiguration, queueBytesMax: Int = 64 << 20, patience: Duration = .seconds(1800),
    messageBytesMax: Int? = nil
  ) throws {
    var required = ["enable.idempotence": "true"]
    if let messageBytesMax { required["message.max.bytes"] = String(max(messageBytesMax, Self.messageBytesLeast)) }
    handle = try KafkaHandle(
      .producer, configuration,
      defaults: [
        // As much as a broker takes by default; librdkafka itself stops at 1,000,000.
        "message.max.bytes": String(Self.messageBytesDefault),
        "partitioner": "murmur2_random", "linger.ms": "5",
        "message.timeout.ms": String(patience.milliseconds(rounding: .up)),
        "queue.buffering.max.kbytes": String(min(max(queueBytesMax >> 10, 1), 2_147_483_647)),
        "queue.buffering.max.messages": "1000000", "reconnect.backoff.max.ms": "1000", "socket.nagle.disable": "true",
      ],
      required: required,
      eventTypes: RD_KAFKA_EVENT_DR)
  }

  /// librdkafka's least `message.max.bytes`.
  public static let messageBytesLeast = 1000
  public static let messageBytesDefault = 1_048_576
  /// What a message costs beside key, value and headers, at most: lengths, offsets, times, and the batch it is in.
  public static let envelopeBytes = 128

  /// Runs `body` on the producer's thread: many `enqueue` calls without a hop each.
  public func perform<Result: Sendable>(_ body: @Sendable (isolated KafkaProducer) throws -> Result) rethrows -> Result
  {
    try body(self)
  }

  /// Publishes one record; returns when it is queued.
  ///
  /// - Parameter partition: Nil lets the key decide.
  /// - Parameter value: Nil is a tombstone, the deletion of the key; empty is not.
  /// - Parameter tag: Other than 0: what becomes of the record is for `takeReports` to say, not for `flush`.
  /// - Throws: `KafkaError.queueFull` at the deadline, `messageTooLarge`, `unknownTopic`, `fatal`.
  public func send(
    topic: String, partition: Int32? = nil, key: [UInt8]?, value: [UInt8]?, headers: [(String, String)] = [],
    timestamp: Int64? = nil, tag: Int = 0, until deadline: Deadline
  ) throws {
    try (value ?? []).withUnsafeBytes { valueBytes in
      try (key ?? []).withUnsafeBytes { keyBytes in
        try enqueue(
          topicHandle(topic), topic: topic, partition: partition, key: key == nil ? nil : keyBytes,
          value: value == nil ? nil : valueBytes, headers: headers, timestamp: timestamp, tag: tag, until: deadline)
      }
    }
  }

  /// What became of tagged records since the last call, in the order in which it became known.
  public func takeReports() -> [DeliveryReport] {
    serveEvents()
    defer { reports.removeAll() }
    return reports
  }

  /// Publishes a batch from index `start` on, as far as the queue takes it before the deadline.
  ///
  /// - Returns: The index of the first record that was not taken; `batch.count` when all were.
  /// - Throws: As `send`, except for a full queue; the records before the refused one are queued.
  public func send(
    contentsOf batch: KafkaBatch, from start: Int = 0, upTo end: Int = .max, topic: String, until deadline: Deadline
  ) throws -> Int {
    let handleOfTopic = try topicHandle(topic)
    return try batch.forEach(from: start, upTo: end) { key, value in
      do {
        try enqueue(
          handleOfTopic, topic: topic, partition: nil, key: key, value: value, headers: [], timestamp: nil,
          until: deadline)
        return true
      } catch let error as KafkaError where error.code == .queueFull {
        return false
      }
    }
  }

  /// Publishes one record from memory of the caller, copied at once. For use inside `perform`.
  public func enqueue(
    topic: String, partition: Int32? = nil, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer,
    headers: [(String, String)] = [], timestamp: Int64? = nil, tag: Int = 0, until deadline: Deadline
  ) throws {
    try enqueue(
      topicHandle(topic), topic: topic, partition: partition, key: key, value: value, headers: headers,
      timestamp: timestamp, tag: tag, until: deadline)
  }

  private func enqueue(
    _ topicHandle: OpaquePointer, topic: String, partition: Int32?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, headers: [(String, String)], timestamp: Int64?, tag: Int = 0,
    until deadline: Deadline
  ) throws {
    sinceServed += 1
    if sinceServed >= 1000 { serveEvents() }
    try handle.check()
    let partition = partition ?? Int32(RD_KAFKA_PARTITION_UA)
    // An empty key or value is not a missing one: the library looks at the pointer.
    let keyBase = key.map { $0.baseAddress ?? emptyBytes }
    let valueBase = value.map { $0.baseAddress ?? emptyBytes }
    while true {
      let result: rd_kafka_resp_err_t
      if headers.isEmpty, timestamp == nil, tag == 0 {
        result = retrain_kafka_produce_plain(
          topicHandle, partition, keyBase, key?.count ?? 0, valueBase, value?.count ?? 0, -(Int(counters.sent) + 1))
      } else {
        let list = makeHeaders(headers)
        result = retrain_kafka_produce(
          handle.pointer, topicHandle, partition, keyBase, key?.count ?? 0, valueBase, value?.count ?? 0,
          timestamp ?? 0, tag, list)
        if result != RD_KAFKA_RESP_ERR_NO_ERROR, let list { rd_kafka_headers_destroy(list) }
      }
      if result == RD_KAFKA_RESP_ERR_NO_ERROR {
        counters.sent += 1
        return
      }
      guard result == RD_KAFKA_RESP_ERR__QUEUE_FULL, !deadline.hasPassed else {
        throw KafkaError(library: result, topic: topic, partition: partition >= 0 ? partition : nil)
      }
      // Delivery reports make room.
      serveEvents(waitingUpTo: min(deadline.remaining, .milliseconds(100)))
      try handle.check()
    }
  }

  /// Waits until every record sent so far is delivered or given up.
  ///
  /// - Throws: `KafkaError.deliveryFailed` when records were given up since the last flush, with the first reason;
  ///   `timedOut` when some are still under way at the deadline (they stay queued).
  public func flush(until deadline: Deadline) throws {
    serveEvents()
    while counters.underWay > 0 {
      try handle.check()
      if deadline.hasPassed {
        throw KafkaError(
          code: .timedOut, isRetryable: true,
          reason: "\(counters.underWay) records are still under way"
            + (handle.lastTrouble.map { "; \($0.reason)" } ?? ""))
      }
      // Ends every linger; the reports themselves arrive as events.
      rd_kafka_flush(handle.pointer, 1)
      serveEvents(waitingUpTo: min(deadline.remaining, .milliseconds(20)))
    }
    if let failure = firstFailure {
      firstFailure = nil
      throw failure
    }
  }

  /// What a record was given up for since the last flush; nil: nothing was.
  public func failure() throws -> KafkaError? {
    try serve()
    return firstFailure
  }

  /// Lets go of everything; what is still under way is lost, so flush before.
  public func close() {
    guard !handle.isClosed else { return }
    serveEvents()
    rd_kafka_purge(handle.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING)
    for topic in topics.values { rd_kafka_topic_destroy(topic) }
    topics = [:]
    handle.close()
  }

  /// Counts the delivery reports that are there. Any call does so too; an idle owner may call it to hear of failures.
  public func serve() throws {
    serveEvents()
    try handle.check()
  }

  private func serveEvents(waitingUpTo wait: Duration = .zero) {
    sinceServed = 0
    guard !handle.isClosed else { return }
    handle.serveEvents(waitingUpTo: wait) { event in
      guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR else { return }
      while let message = rd_kafka_event_message_next(event) {
        if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
          counters.delivered += 1
          if let tag = tag(of: message) { reports.append(DeliveryReport(tag: tag, error: nil)) }
        } else {
          noteFailure(message)
        }
      }
    }
  }

  private func noteFailure(_ message: UnsafePointer<rd_kafka_message_t>) {
    counters.failed += 1
    let tag = tag(of: message)
    guard firstFailure == nil || tag != nil else { return }
    if tag == nil {
      let mark = Int(bitPattern: message.pointee._private)
      firstFailed = mark < 0 ? Int64(-mark - 1) : nil
    }
    let cause = KafkaError(library: message.pointee.err)
    let ownCodes: [KafkaError.Code] = [.messageTooLarge, .unknownTopic, .authorization]
    let failure = KafkaError(
      code: ownCodes.contains(cause.code) ? cause.code : .deliveryFailed,
      topic: message.pointee.rkt.map { String(cString: rd_kafka_topic_name($0)) },
      partition: message.pointee.partition >= 0 ? message.pointee.partition : nil,
      reason: "a record was not delivered: \(cause.reason)", cause: cause.cause)
    if let tag { reports.append(DeliveryReport(tag: tag, error: failure)) } else { firstFailure = failure }
  }

  /// Of a record that was sent with one: more than 0. A plain record carries its place in the order of sending instead,
  /// counted from −1 downwards.
  private func tag(of message: UnsafePointer<rd_kafka_message_t>) -> Int? {
    let mark = Int(bitPattern: message.pointee._private)
    return mark > 0 ? mark : nil
  }

  private func topicHandle(_ name: String) throws -> OpaquePointer {
    try handle.check()
    if let topic = topics[name] { return topic }
    guard let topic = rd_kafka_topic_new(handle.pointer, name, nil) else {
      throw KafkaError(library: rd_kafka_last_error(), topic: name)
    }
    topics[name] = topic
    return topic
  }

  private func makeHeaders(_ headers: [(String, String)]) -> OpaquePointer? {
    guard !headers.isEmpty else { return nil }
    let list = rd_kafka_headers_new(headers.count)
    for (name, value) in headers { rd_kafka_header_add(list, name, -1, value, value.utf8.count) }
    return list
  }
}

/// A place to point at for zero bytes.
private nonisolated(unsafe) let emptyBytes = UnsafeRawPointer(  // Never written, never freed.
  UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))
