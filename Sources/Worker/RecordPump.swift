import Ingest
import Kafka
import Pipelines
import Telemetry
import Vocabulary

/// Moves records from the consumer into the partition buffers, decoded; what is refused goes to the dead letters.
///
/// Back-pressure: a partition whose buffer is full is simply not polled, so memory is bounded whatever the lag.
struct RecordPump: Sendable {
  let consumer: KafkaConsumer
  let deadLetters: DeadLetters
  let topic: String
  let logger: Logger

  /// At most this many records of a partition are decoded before others get their turn.
  private static let burst = 512

  /// Runs until cancelled.
  func run(buffers: [PartitionBuffer], decoder: sending RecordDecoder) async throws {
    let decoding = Decoding(decoder: decoder, buffers: buffers, deadLetters: deadLetters, topic: topic)
    while !Task.isCancelled {
      var wanted: [Int32: Int] = [:]
      for buffer in buffers where buffer.freeSlots > 0 { wanted[buffer.partition] = min(Self.burst, buffer.freeSlots) }
      let polled = wanted
      try await consumer.perform { consumer in
        _ = try consumer.pollAny(
          partitions: polled, waitUpTo: polled.isEmpty ? .milliseconds(2) : .milliseconds(50)
        ) { partition, record in decoding.take(record, of: partition) }
        for partition in polled.keys where consumer.isAtEnd(partition) {
          if let end = consumer.position(partition)?.endOffset { decoding.markEnd(of: partition, upTo: end) }
        }
      }
      if !deadLetters.isEmpty { try await deadLetters.send() }
    }
  }
}

/// The decoder and the buffers' producing ends, used on the consumer's thread alone.
private final class Decoding: @unchecked Sendable {  // `pollAny` calls on the consumer's one thread.
  private let decoder: RecordDecoder
  private var buffers: [Int32: PartitionBuffer] = [:]
  private let deadLetters: DeadLetters
  private let topic: String

  init(decoder: RecordDecoder, buffers: [PartitionBuffer], deadLetters: DeadLetters, topic: String) {
    self.decoder = decoder
    self.deadLetters = deadLetters
    self.topic = topic
    for buffer in buffers { self.buffers[buffer.partition] = buffer }
  }

  func markEnd(of partition: Int32, upTo offset: Int64) { buffers[partition]?.markEnd(upTo: offset) }

  func take(_ record: KafkaRecord, of partition: Int32) {
    guard let buffer = buffers[partition], let slot = buffer.beginSlot() else {
      preconditionFailure("partition \(partition) was polled for more records than its buffer has room for")
    }
    switch decoder.decode(record.value, into: slot) {
    case .example:
      buffer.commitExample(offset: record.offset)
    case .rejected(let reason, let field):
      if reason.isDeadLettered {
        let kept = record.value.prefix(DeadLetters.valueBytesMax)
        deadLetters.put(
          DeadLetter(
            position: RecordPosition(topic: topic, partition: partition, offset: record.offset), reason: reason,
            field: field, key: record.key.map { Array($0) }, value: Array(kept), originalBytes: record.value.count))
      }
      buffer.commitRejected(offset: record.offset, reason: reason)
    }
  }
}
