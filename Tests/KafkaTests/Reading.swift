import Kafka
import Synchronization
import Vocabulary

/// A record copied out of the consumer.
struct ReadRecord: Sendable, Equatable {
  let partition: Int32
  let offset: Int64
  let key: String?
  let value: String

  init(_ record: KafkaRecord) {
    partition = record.partition
    offset = record.offset
    key = record.key.map { String(decoding: $0, as: UTF8.self) }
    value = String(decoding: record.value, as: UTF8.self)
  }
}

extension KafkaConsumer {
  /// Reads until so many records came, every partition given is at its end, or the deadline passes.
  func read(
    _ partitions: [Int32], count: Int = .max, untilEnd: Bool = false, until deadline: Deadline = .after(.seconds(20))
  ) throws -> [ReadRecord] {
    var records: [ReadRecord] = []
    while records.count < count, !deadline.hasPassed {
      var got = 0
      for partition in partitions {
        got += try poll(partition: partition, max: count - records.count) { records.append(ReadRecord($0)) }
      }
      if untilEnd, partitions.allSatisfy({ isAtEnd($0) }) { break }
      if got == 0 { _ = try pollAny(partitions: [:], waitUpTo: .milliseconds(100)) { _, _ in } }
    }
    return records
  }
}

extension KafkaProducer {
  /// Publishes `values` to one partition and waits until they are in the log.
  func publish(_ values: [String], topic: String, partition: Int32) throws {
    for value in values {
      try send(topic: topic, partition: partition, key: nil, value: Array(value.utf8), until: .after(.seconds(10)))
    }
    try flush(until: .after(.seconds(20)))
  }
}

/// Notices a client gave, for tests to look at.
final class Notices: Sendable {
  private let list = Mutex<[KafkaNotice]>([])
  var all: [KafkaNotice] { list.withLock { $0 } }
  var observer: @Sendable (KafkaNotice) -> Void { { notice in self.list.withLock { $0.append(notice) } } }
}
