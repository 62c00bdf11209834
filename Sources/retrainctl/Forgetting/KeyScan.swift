import Kafka
import Vocabulary

/// Finds the records of some message keys in what a lineage has read of a topic.
struct KeyScan: Sendable {
  let configuration: KafkaConfiguration
  let topic: String

  /// Nothing comes for so long: the log has lost what it is asked for.
  private static let stillness = Duration.seconds(30)

  /// - Parameter ranges: By partition, what was read.
  /// - Returns: Where they lie; and how many records of the ranges are not in the log any more at their beginning.
  func places(
    of keys: Set<[UInt8]>, in ranges: [Int32: Range<Int64>], until deadline: Deadline
  ) async throws -> (found: [RecordPosition], gone: Int64) {
    let consumer = try KafkaConsumer(
      configuration: configuration, group: "retrain.forget", topic: topic, queueBytesMax: 64 << 20)
    do {
      let answer = try await scan(consumer, keys, ranges, deadline)
      await consumer.close()
      return answer
    } catch {
      await consumer.close()
      throw error
    }
  }

  private func scan(
    _ consumer: KafkaConsumer, _ keys: Set<[UInt8]>, _ ranges: [Int32: Range<Int64>], _ deadline: Deadline
  ) async throws -> (found: [RecordPosition], gone: Int64) {
    var (starts, ends, gone): ([Int32: Int64], [Int32: Int64], Int64) = ([:], [:], 0)
    for (partition, range) in ranges where !range.isEmpty {
      let marks = try await consumer.watermarks(partition, until: deadline.or(.after(.seconds(25))))
      gone += max(0, min(marks.low, range.upperBound) - range.lowerBound)
      let (start, end) = (max(marks.low, range.lowerBound), min(marks.high, range.upperBound))
      if start < end { (starts[partition], ends[partition]) = (start, end) }
    }
    guard !starts.isEmpty else { return ([], gone) }
    try await consumer.assign(starts.mapValues { .offset($0) })
    let topic = topic
    var found: [RecordPosition] = []
    var open = Set(starts.keys)
    var last = ContinuousClock.now
    while !open.isEmpty {
      guard !deadline.hasPassed, last.duration(to: .now) < Self.stillness else {
        throw CommandFailure(
          .unavailable, "the topic \(topic) could not be read through for the keys in time; --seconds allows more")
      }
      let (wanted, until) = (Dictionary(uniqueKeysWithValues: open.map { ($0, 1024) }), ends)
      let (places, done, count) = try await consumer.perform { consumer in
        var (places, done): ([RecordPosition], Set<Int32>) = ([], [])
        let count = try consumer.pollAny(partitions: wanted, waitUpTo: .milliseconds(100)) { partition, record in
          guard record.offset < until[partition] ?? 0 else { return }
          if let key = record.key, keys.contains(Array(key)) {
            places.append(RecordPosition(topic: topic, partition: partition, offset: record.offset))
          }
        }
        for partition in wanted.keys {
          let next = consumer.position(partition)?.nextOffset ?? 0
          if next >= until[partition] ?? 0 || consumer.isAtEnd(partition) { done.insert(partition) }
        }
        return (places, done, count)
      }
      if count > 0 { last = .now }
      found += places
      open.subtract(done)
    }
    return (found.sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }, gone)
  }
}
