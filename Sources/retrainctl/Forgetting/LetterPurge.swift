import Foundation
import Kafka
import Vocabulary

/// Finds, and takes out of a dead-letter topic, letters of some records. Kafka deletes no single record: what is kept is written again
/// behind them, and all before it is deleted.
struct LetterPurge: Sendable {
  let configuration: KafkaConfiguration
  let topic: String

  /// More are not written again.
  private static let lettersMax: Int64 = 2_000_000

  private struct Letter: Sendable {
    var key: [UInt8]?
    var value: [UInt8]?
    var headers: [(String, String)]
    var time: Int64
  }

  /// - Parameter source: The topic that the records lie in.
  /// - Returns: How many letters there were, and whether they are gone.
  func letters(
    of records: LeftOut, in source: String, purges: Bool, until deadline: Deadline
  ) async throws -> (found: Int, purged: Int) {
    let admin = try KafkaAdmin(configuration: configuration)
    do {
      let answer = try await letters(of: records, in: source, purges: purges, admin, deadline)
      await admin.close()
      return answer
    } catch {
      await admin.close()
      throw error
    }
  }

  private func letters(
    of records: LeftOut, in source: String, purges: Bool, _ admin: KafkaAdmin, _ deadline: Deadline
  ) async throws -> (found: Int, purged: Int) {
    let bounds: ([Int32: Int64], [Int32: Int64])
    do { bounds = try await admin.bounds(topic: topic, until: deadline.or(.after(.seconds(30)))) } catch let error
      as KafkaError where error.code == .unknownTopic
    {
      return (0, 0)
    }
    let (firsts, ends) = bounds
    var (found, purged) = (0, 0)
    for (partition, end) in ends.sorted(by: { $0.key < $1.key }) {
      let first = firsts[partition] ?? 0
      guard end > first else { continue }
      let (kept, gone) = try await read(partition, from: first, to: end, records, source, keeps: purges, deadline)
      found += gone
      guard purges, gone > 0 else { continue }
      // Where nothing may be deleted, nothing is written twice either.
      try await admin.deleteRecords(
        topic: topic, partition: partition, before: first, until: deadline.or(.after(.seconds(30))))
      try await write(kept, to: partition, until: deadline)
      try await admin.deleteRecords(
        topic: topic, partition: partition, before: end, until: deadline.or(.after(.seconds(30))))
      purged += gone
    }
    return (found, purged)
  }

  private func read(
    _ partition: Int32, from first: Int64, to end: Int64, _ records: LeftOut, _ source: String, keeps: Bool,
    _ deadline: Deadline
  ) async throws -> (kept: [Letter], gone: Int) {
    if keeps, end - first > Self.lettersMax {
      throw CommandFailure(
        .unavailable,
        "partition \(partition) of \(topic) holds \(end - first) letters, too many to write again: let its retention take them, "
          + "or delete the topic")
    }
    let consumer = try KafkaConsumer(
      configuration: configuration, group: "retrain.forget", topic: topic, queueBytesMax: 16 << 20)
    do {
      let answer = try await read(consumer, partition, from: first, to: end, records, source, keeps: keeps, deadline)
      await consumer.close()
      return answer
    } catch {
      await consumer.close()
      throw error
    }
  }

  private func read(
    _ consumer: KafkaConsumer, _ partition: Int32, from first: Int64, to end: Int64, _ records: LeftOut,
    _ source: String, keeps: Bool, _ deadline: Deadline
  ) async throws -> (kept: [Letter], gone: Int) {
    try await consumer.assign([partition: .offset(first)])
    var (kept, gone, isDone): ([Letter], Int, Bool) = ([], 0, false)
    while !isDone {
      guard !deadline.hasPassed else {
        throw CommandFailure(.unavailable, "the dead-letter topic \(topic) could not be read to its end in time")
      }
      let (more, count, done) = try await consumer.perform { consumer in
        var (more, count): ([Letter], Int) = ([], 0)
        _ = try consumer.pollAny(partitions: [partition: 512], waitUpTo: .milliseconds(100)) { _, record in
          guard record.offset < end else { return }
          let headers = record.headers.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }
          let facts = Dictionary(headers) { $1 }
          if facts["retrain.topic"] == source, let partition = facts["retrain.partition"].flatMap({ Int32($0) }),
            let offset = facts["retrain.offset"].flatMap({ Int64($0) }),
            records.stretch(at: offset, of: partition) != nil
          {
            count += 1
          } else if keeps {
            more.append(
              Letter(
                key: record.key.map { Array($0) }, value: record.isTombstone ? nil : Array(record.value),
                headers: headers, time: record.timestamp))
          }
        }
        let next = consumer.position(partition)?.nextOffset ?? 0
        return (more, count, next >= end || consumer.isAtEnd(partition))
      }
      kept += more
      gone += count
      isDone = done
    }
    return (kept, gone)
  }

  private func write(_ letters: [Letter], to partition: Int32, until deadline: Deadline) async throws {
    guard !letters.isEmpty else { return }
    let producer = try KafkaProducer(configuration: configuration)
    do {
      let topic = topic
      try await producer.perform { producer in
        for letter in letters {
          try producer.send(
            topic: topic, partition: partition, key: letter.key, value: letter.value, headers: letter.headers,
            timestamp: letter.time >= 0 ? letter.time : nil, until: deadline)
        }
        try producer.flush(until: deadline)
      }
      await producer.close()
    } catch {
      await producer.close()
      throw error
    }
  }
}
