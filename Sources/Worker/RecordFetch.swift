import Kafka
import Synchronization
import Vocabulary

/// One record read again from the log, by its place.
enum RecordFetch {
  struct Copy: Sendable {
    var key: [UInt8]?
    var value: [UInt8]
  }

  /// - Throws: `KafkaError`, `timedOut` among them when the log no longer has it.
  static func read(
    _ position: RecordPosition, configuration: KafkaConfiguration, until deadline: Deadline = .after(.seconds(10))
  ) async throws -> Copy {
    let consumer = try KafkaConsumer(
      configuration: configuration, group: "retrain.refetch", topic: position.topic, queueBytesMax: 4 << 20)
    do {
      let copy = try await read(position, with: consumer, until: deadline)
      await consumer.close()
      return copy
    } catch {
      await consumer.close()
      throw error
    }
  }

  private static func read(
    _ position: RecordPosition, with consumer: KafkaConsumer, until deadline: Deadline
  ) async throws -> Copy {
    try await consumer.assign([position.partition: .offset(position.offset)])
    while !deadline.hasPassed {
      let found = try await consumer.perform { consumer -> Copy? in
        var copy: Copy?
        _ = try consumer.pollAny(partitions: [position.partition: 1], waitUpTo: .milliseconds(100)) { _, record in
          guard record.offset == position.offset else { return }
          copy = Copy(key: record.key.map { Array($0) }, value: Array(record.value))
        }
        return copy
      }
      if let found { return found }
    }
    throw KafkaError(
      code: .timedOut, topic: position.topic, partition: position.partition, offset: position.offset,
      isRetryable: true, reason: "the record could not be read again")
  }
}
