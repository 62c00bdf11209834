package import Kafka
import Synchronization
package import Vocabulary

/// Records read again from the log, by their places.
package enum RecordFetch {
  package struct Copy: Sendable {
    package var key: [UInt8]?
    package var value: [UInt8]
  }

  package struct Answer: Sendable {
    package var copies: [RecordPosition: Copy] = [:]
    /// What the log was asked for and had the time to give: what of it is no copy is gone.
    package var asked: Set<RecordPosition> = []
  }

  /// Places that lie closer than this are read in one go, with all between them.
  private static let stride: Int64 = 500
  /// A part is given up after so long, so that one that is gone does not take the others' time.
  private static let partPatience = Duration.seconds(5)

  /// - Parameter positions: Of one topic.
  /// - Returns: Those that the log gave by `deadline`, and which it was asked for until then.
  package static func read(
    _ positions: [RecordPosition], configuration: KafkaConfiguration, until deadline: Deadline
  ) async throws -> Answer {
    var answer = Answer()
    guard let topic = positions.first?.topic, !deadline.hasPassed else { return answer }
    let consumer = try KafkaConsumer(
      configuration: configuration, group: "retrain.refetch", topic: topic, queueBytesMax: 4 << 20)
    do {
      for part in parts(positions) where !deadline.hasPassed {
        try await read(part, with: consumer, until: deadline, into: &answer)
      }
      await consumer.close()
    } catch {
      await consumer.close()
      throw error
    }
    return answer
  }

  /// In order, and apart where partitions or long stretches lie between.
  private static func parts(_ positions: [RecordPosition]) -> [[RecordPosition]] {
    var parts: [[RecordPosition]] = []
    for position in positions.sorted(by: { ($0.partition, $0.offset) < ($1.partition, $1.offset) }) {
      if let last = parts.last?.last, last.partition == position.partition, position.offset - last.offset < stride {
        parts[parts.count - 1].append(position)
      } else {
        parts.append([position])
      }
    }
    return parts
  }

  private static func read(
    _ part: [RecordPosition], with consumer: KafkaConsumer, until deadline: Deadline, into answer: inout Answer
  ) async throws {
    let end = Deadline.after(partPatience)
    var rest = part
    while let first = rest.first, !end.or(deadline).hasPassed {
      do {
        try await consumer.assign([first.partition: .offset(first.offset)])
        while !rest.isEmpty, !end.or(deadline).hasPassed {
          let (found, next) = try await poll(rest, with: consumer)
          answer.copies.merge(found) { $1 }
          rest.removeAll { $0.offset < next }
        }
      } catch let error as KafkaError where error.code == .offsetOutOfRange {
        let (low, high) = try await consumer.watermarks(first.partition, until: .after(partPatience).or(deadline))
        let held = rest.filter { $0.offset >= low && $0.offset < high }
        // Where it holds all of them by now, one was dropped between the two questions at most.
        rest = held.count < rest.count ? held : Array(rest.dropFirst())
      }
    }
    answer.asked.formUnion(end.hasPassed ? part : Array(Set(part).subtracting(rest)))
  }

  /// - Returns: Those that came, and the place up to which everything has.
  private static func poll(
    _ rest: [RecordPosition], with consumer: KafkaConsumer
  ) async throws -> (found: [RecordPosition: Copy], next: Int64) {
    let partition = rest[0].partition
    let wanted = Dictionary(rest.map { ($0.offset, $0) }) { $1 }
    return try await consumer.perform { consumer in
      var found: [RecordPosition: Copy] = [:]
      _ = try consumer.pollAny(partitions: [partition: 256], waitUpTo: .milliseconds(100)) { _, record in
        guard let position = wanted[record.offset] else { return }
        found[position] = Copy(key: record.key.map { Array($0) }, value: Array(record.value))
      }
      return (found, consumer.position(partition)?.nextOffset ?? 0)
    }
  }
}
