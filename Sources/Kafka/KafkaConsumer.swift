import CRDKafka
import Confinement
public import Vocabulary

/// Where to begin reading a partition.
public enum StartOffset: Sendable, Hashable {
  /// The record with this offset first; an error, never a jump, when the log does not hold it.
  case offset(Int64)
  case earliest
  case latest

  var libraryValue: Int64 {
    switch self {
    case .offset(let offset): offset
    case .earliest: Int64(RD_KAFKA_OFFSET_BEGINNING)
    case .latest: Int64(RD_KAFKA_OFFSET_END)
    }
  }
}

/// How far one partition was handed out.
public struct PartitionPosition: Sendable, Hashable {
  /// The next offset to be handed out; nil before the first record of a logical start.
  public let nextOffset: Int64?
  /// Where the log ended when its end was last reached; nil before.
  public let endOffset: Int64?
  /// Everything up to `endOffset` was handed out and nothing newer was seen.
  public let isAtEnd: Bool

  public init(nextOffset: Int64?, endOffset: Int64?, isAtEnd: Bool) {
    self.nextOffset = nextOffset
    self.endOffset = endOffset
    self.isAtEnd = isAtEnd
  }
}

/// What a consumer did so far.
public struct ConsumerCounters: Sendable, Hashable {
  public var records: Int64 = 0
  /// Calls of `pollAny` that found nothing ready and waited, and for how long altogether.
  public var waits: Int64 = 0
  public var waited: Duration = .zero
}

/// Reads assigned partitions of one topic from given offsets, each through a queue of its own.
///
/// Assignment is explicit, never the broker's rebalancing. All calls run on one thread of its own, where a body handed
/// to `perform`, `poll` or `pollAny` runs as well. Memory: at most `queueBytesMax` of payload over all partitions, plus
/// up to `fetch.message.max.bytes` (1 MiB, less for small budgets) a partition for the answer under way, plus
/// librdkafka's own 250 bytes or so a record, bounded by about the same total.
public actor KafkaConsumer {
  private let thread = ConfinedThread(name: "kafka-consumer")
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  public nonisolated let topic: String
  public nonisolated let group: String
  let configuration: KafkaConfiguration
  let queueBytesMax: Int
  let wakeDescriptor: WakeDescriptor
  let scratch = MessageScratch(capacity: 1024)
  var handle: KafkaHandle
  var isAssigned = false
  var queues: [Int32: PartitionQueue] = [:]
  var pendingError: KafkaError?
  var commitsUnderWay = 0
  let needsRefills = rd_kafka_version() < KafkaConsumer.firstCuredVersion
  var nextRefill = ContinuousClock.now
  var bytesPerPartition: Int
  var recordsPerPartition: Int
  public internal(set) var counters = ConsumerCounters()
  /// The number of the last `assign`. Whoever reads for one of them looks at it, in the `perform` of a poll or a move,
  /// lest it takes records that are another's.
  public private(set) var assignment = 0

  /// Checks the configuration; connects in the background.
  ///
  /// - Parameter group: The consumer group that `commit` speaks for; it is never joined.
  /// - Parameter queueBytesMax: Bound of what is read ahead over all assigned partitions together.
  /// - Throws: `KafkaError.invalidConfiguration`.
  public init(
    configuration: KafkaConfiguration, group: String, topic: String, queueBytesMax: Int = 256 << 20
  ) throws {
    self.configuration = configuration
    self.group = group
    self.topic = topic
    self.queueBytesMax = queueBytesMax
    bytesPerPartition = queueBytesMax
    recordsPerPartition = KafkaConsumer.recordsLimit(configuration, bytesPerPartition: queueBytesMax)
    wakeDescriptor = try WakeDescriptor()
    handle = try KafkaConsumer.makeHandle(configuration, group: group, bytesPerPartition: queueBytesMax)
  }

  /// Runs `body` on the consumer's thread: a loop of polls without a hop each.
  public func perform<Result: Sendable>(_ body: @Sendable (isolated KafkaConsumer) throws -> Result) rethrows -> Result
  {
    try body(self)
  }

  /// Ends a wait of `pollAny`, the one in hand or the next. From any thread.
  public nonisolated func wake() { wakeDescriptor.wake() }

  /// Replaces what is read: these partitions, from these offsets. What was read ahead before is thrown away.
  ///
  /// - Returns: The number of this assignment, which `move` leaves as it is.
  /// - Throws: `KafkaError`; an offset that the log does not hold is reported by the polls that follow.
  @discardableResult
  public func assign(_ starts: [Int32: StartOffset]) throws -> Int {
    assignment += 1
    try place(starts)
    return assignment
  }

  private func place(_ starts: [Int32: StartOffset]) throws {
    try handle.check()
    // librdkafka's limit counts per queue, so the budget is divided; a fresh client also knows nothing of old positions.
    if isAssigned || starts.count > 1 {
      let share = queueBytesMax / max(starts.count, 1)
      let fresh = try KafkaConsumer.makeHandle(configuration, group: group, bytesPerPartition: share)
      closeHandle(until: .after(.milliseconds(500)))
      handle = fresh
      bytesPerPartition = share
      recordsPerPartition = KafkaConsumer.recordsLimit(configuration, bytesPerPartition: share)
    }
    isAssigned = true
    pendingError = nil
    for (partition, start) in starts {
      guard
        let queue = PartitionQueue(
          handle: handle.pointer, topic: topic, partition: partition, start: start,
          wakeDescriptor: wakeDescriptor.writeEnd)
      else {
        throw KafkaError(code: .other, topic: topic, partition: partition, reason: "the partition has no queue")
      }
      queues[partition] = queue
    }
    let list = PartitionList(topic: topic, offsets: starts.mapValues(\.libraryValue))
    let result = rd_kafka_assign(handle.pointer, list.pointer)
    if result != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(library: result, topic: topic) }
  }

  /// Goes on with one partition elsewhere and with all others where they are. What was read ahead is thrown away.
  ///
  /// - Throws: As `assign`.
  public func move(_ partition: Int32, to offset: Int64) throws {
    var starts = queues.mapValues(\.resumption)
    starts[partition] = .offset(offset)
    try place(starts)
  }

  /// How far an assigned partition was handed out.
  public func position(_ partition: Int32) -> PartitionPosition? {
    queues[partition].map {
      PartitionPosition(nextOffset: $0.nextOffset, endOffset: $0.endOffset, isAtEnd: $0.isAtEnd)
    }
  }

  /// Whether everything in the partition was handed out when its end was last looked at.
  public func isAtEnd(_ partition: Int32) -> Bool { queues[partition]?.isAtEnd ?? false }

  /// The end of the partition as the last answer of the broker told it, without asking; nil before the first.
  public func knownHighWatermark(_ partition: Int32) -> Int64? {
    var (low, high) = (Int64(-1), Int64(-1))
    guard !handle.isClosed,
      rd_kafka_get_watermark_offsets(handle.pointer, topic, partition, &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR
    else { return nil }
    return high >= 0 ? high : nil
  }

  /// Offsets that are in the log and not given out, though everything that may be read was: they lie behind a transaction
  /// that its producer has not ended. Without asking; 0 while reading is under way.
  public func behindTransactions(_ partition: Int32) -> Int64 {
    guard let queue = queues[partition], queue.isAtEnd, let end = queue.endOffset,
      rd_kafka_queue_length(queue.pointer) == 0, let high = knownHighWatermark(partition)
    else { return 0 }
    return max(0, high - end)
  }

  /// Asks the broker for the first offset of the partition and the one after its last.
  public func watermarks(_ partition: Int32, until deadline: Deadline) throws -> (low: Int64, high: Int64) {
    try handle.watermarks(topic, partition, until: deadline)
  }

  /// Lets go of everything; waits up to half a second for commits under way. Call it once nobody polls any more.
  public func close() {
    closeHandle(until: .after(.milliseconds(500)))
  }

  private func closeHandle(until deadline: Deadline) {
    guard !handle.isClosed else { return }
    while commitsUnderWay > 0, !deadline.hasPassed { serveEvents(waitingUpTo: .milliseconds(50)) }
    for queue in queues.values { queue.destroy() }
    queues = [:]
    handle.close(inBackground: commitsUnderWay > 0)
    commitsUnderWay = 0
  }
}
