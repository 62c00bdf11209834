import CRDKafka

/// The queue of one assigned partition: what librdkafka read ahead, and how far it was handed out.
///
/// Its own queue instead of the consumer's common one, so that a partition nobody has room for never blocks another.
final class PartitionQueue {
  let partition: Int32
  let pointer: OpaquePointer
  private let start: StartOffset
  /// The next offset to hand out; nil until the first record of a logical start.
  fileprivate(set) var nextOffset: Int64?
  /// The end of the log when it was last reached.
  fileprivate(set) var endOffset: Int64?
  /// The last thing seen was the end of the log.
  fileprivate(set) var isAtEnd = false
  /// Whether a record or the end was handed out.
  var hasGiven: Bool { averageBytes > 0 || endOffset != nil }
  let created = ContinuousClock.now
  var nextNudge = ContinuousClock.now.advanced(by: .milliseconds(100))
  /// The most records seen waiting since the queue was last refilled.
  var mostWaiting = 0
  /// Payload and key of a record handed out, averaged over the last thousand or so.
  fileprivate(set) var averageBytes: Double = 0

  /// Takes the queue off the consumer's common one; must happen before the assignment so that no message slips there.
  init?(handle: OpaquePointer, topic: String, partition: Int32, start: StartOffset, wakeDescriptor: Int32) {
    guard let pointer = rd_kafka_queue_get_partition(handle, topic, partition) else { return nil }
    self.partition = partition
    self.pointer = pointer
    self.start = start
    if case .offset(let offset) = start { nextOffset = offset }
    rd_kafka_queue_forward(pointer, nil)
    var byte: UInt8 = 1
    rd_kafka_queue_io_event_enable(pointer, wakeDescriptor, &byte, 1)
  }

  /// Where reading would go on.
  var resumption: StartOffset { nextOffset.map { .offset($0) } ?? start }

  func destroy() {
    rd_kafka_queue_io_event_enable(pointer, -1, nil, 0)
    rd_kafka_queue_destroy(pointer)
  }

  /// Hands out what is there, at most `max` records, without waiting.
  ///
  /// - Parameter scratch: Room for a batch of message pointers.
  /// - Parameter fail: Called with the error of an errored message.
  /// - Returns: How many records were handed out.
  func drain(
    max: Int, scratch: MessageScratch, fail: (UnsafePointer<rd_kafka_message_t>) -> Void, _ body: (KafkaRecord) -> Void
  ) -> Int {
    var handedOut = 0
    var bytes = 0
    while handedOut < max {
      let wanted = min(max - handedOut, scratch.pointers.count)
      let got = rd_kafka_consume_batch_queue(pointer, 0, scratch.pointers.baseAddress, wanted)
      for index in 0..<Swift.max(got, 0) {
        guard let message = scratch.pointers[index] else { continue }
        defer { rd_kafka_message_destroy(message) }
        switch message.pointee.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
          // A record handed out before is not handed out again, whatever the broker sends.
          if let nextOffset, message.pointee.offset < nextOffset { continue }
          nextOffset = message.pointee.offset + 1
          isAtEnd = false
          bytes += message.pointee.len + message.pointee.key_len
          body(KafkaRecord(message: message))
          handedOut += 1
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
          endOffset = message.pointee.offset
          isAtEnd = true
          // Everything before the end was handed out; what is missing holds no record (markers, compaction).
          nextOffset = Swift.max(nextOffset ?? 0, message.pointee.offset)
        default:
          fail(message)
        }
      }
      if got < wanted { break }
    }
    if handedOut > 0 {
      let share = min(1, Double(handedOut) / (averageBytes == 0 ? 1 : 1024))
      averageBytes += share * (Double(bytes) / Double(handedOut) - averageBytes)
    }
    return handedOut
  }
}

/// Room for the messages of one batch.
final class MessageScratch {
  let pointers: UnsafeMutableBufferPointer<UnsafeMutablePointer<rd_kafka_message_t>?>

  init(capacity: Int) {
    pointers = .allocate(capacity: capacity)
    pointers.initialize(repeating: nil)
  }

  deinit { pointers.deallocate() }
}
