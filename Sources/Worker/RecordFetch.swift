import Kafka
import Synchronization
import Vocabulary

/// Records read again from the log, by their places.
enum RecordFetch {
  struct Copy: Sendable {
    var key: [UInt8]?
    var value: [UInt8]
  }

  /// Places that lie closer than this are read in one go, with all between them.
  private static let stride: Int64 = 500

  /// - Parameter positions: Of one topic.
  /// - Returns: Those that the log gave by `deadline`.
  static func read(
    _ positions: [RecordPosition], configuration: KafkaConfiguration, until deadline: Deadline
  ) async throws -> [RecordPosition: Copy] {
    guard let topic = positions.first?.topic else { return [:] }
    let consumer = try KafkaConsumer(
      configuration: configuration, group: "retrain.refetch", topic: topic, queueBytesMax: 4 << 20)
    var copies: [RecordPosition: Copy] = [:]
    do {
      for part in parts(positions) where !deadline.hasPassed {
        copies.merge(try await read(part, with: consumer, until: deadline)) { $1 }
      }
      await consumer.close()
    } catch let error as KafkaError where error.code == .offsetOutOfRange {
      // The log has dropped the record: the caller asks for the others again.
      await consumer.close()
    } catch {
      await consumer.close()
      throw error
    }
    return copies
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
    _ part: [RecordPosition], with consumer: KafkaConsumer, until deadline: Deadline
  ) async throws -> [RecordPosition: Copy] {
    guard let first = part.first, let last = part.last else { return [:] }
    let wanted = Dictionary(part.map { ($0.offset, $0) }) { $1 }
    var copies: [RecordPosition: Copy] = [:]
    try await consumer.assign([first.partition: .offset(first.offset)])
    var reached = first.offset - 1
    // A part is given up after a while, so that one that is gone does not take the others' time.
    let end = deadline.or(.after(.seconds(5)))
    while reached < last.offset, !end.hasPassed {
      let (found, newest) = try await consumer.perform { consumer in
        var found: [RecordPosition: Copy] = [:]
        var newest: Int64 = -1
        _ = try consumer.pollAny(partitions: [first.partition: 256], waitUpTo: .milliseconds(100)) { _, record in
          newest = record.offset
          guard let position = wanted[record.offset] else { return }
          found[position] = Copy(key: record.key.map { Array($0) }, value: Array(record.value))
        }
        return (found, newest)
      }
      copies.merge(found) { $1 }
      reached = max(reached, newest)
    }
    return copies
  }
}
