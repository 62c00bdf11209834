import Foundation
import Kafka
import Pipelines
import Vocabulary

/// A record of a dead-letter topic, with what its headers tell.
struct DeadLetterRecord: Encodable, Sendable {
  /// Why it was refused; nil: somebody else wrote it.
  var reason: String?
  var field: String?
  /// The run beside the live one that refused it; nil: it was the live one.
  var run: String?
  /// Where the refused record lies.
  var topic: String?
  var partition: Int32?
  var offset: Int64?
  /// Its own id, where `schema.id` says where that stands; nil also where it cannot be read.
  var id: String?
  /// When it was refused, of the broker or of the producer.
  var at: Date?
  /// The record as text; what is not UTF-8 is replaced.
  var value: String
  /// What the record had, where it was cut for the dead-letter topic.
  var originalBytes: Int?

  /// `flights/2@4711`
  var place: String? {
    guard let topic, let partition, let offset else { return nil }
    return "\(topic)/\(partition)@\(offset)"
  }

  /// On one line, cut.
  var shownValue: String {
    let line = String(value.prefix(200).map { $0.isNewline || ($0.asciiValue.map { $0 < 32 } ?? false) ? "·" : $0 })
    return line.count < value.count || originalBytes != nil ? line + "…" : line
  }

  /// - Parameter id: Where records have theirs; nil: nobody says.
  init(_ record: KafkaRecord, id path: FieldPath?) {
    var headers: [String: String] = [:]
    for header in record.headers { headers[header.name] = String(decoding: header.value, as: UTF8.self) }
    reason = headers["retrain.reason"]
    field = headers["retrain.field"]
    run = headers["retrain.run"]
    topic = headers["retrain.topic"]
    partition = headers["retrain.partition"].flatMap { Int32($0) }
    offset = headers["retrain.offset"].flatMap { Int64($0) }
    originalBytes = headers["retrain.original-bytes"].flatMap { Int($0) }
    at = record.timestamp >= 0 ? Date(timeIntervalSince1970: Double(record.timestamp) / 1000) : nil
    value = String(decoding: record.value, as: UTF8.self)
    id = path.flatMap { RecordIdentity.text(at: $0, in: Data(record.value)) }
  }
}

/// Reads a dead-letter topic from its first record to what is its end now. Holds at most `limit` records of each partition.
struct DeadLetterReader {
  let configuration: KafkaConfiguration
  let topic: String
  /// Where records have their id; nil: nobody says.
  let id: FieldPath?

  /// The newest dead letters, the newest first, and how many the topic holds.
  ///
  /// - Throws: `KafkaError`, `unknownTopic` among them; `timedOut` when the end was not reached in time.
  ///
  /// - Parameter places: Only of these records, as `DeadLetterRecord.place` has them; nil: of any.
  func newest(_ limit: Int, reason: RejectReason?, places: Set<String>? = nil, until deadline: Deadline) async throws
    -> (found: [DeadLetterRecord], total: Int64)
  {
    let topic = topic
    let (firsts, ends) = try await TopicMaker(configuration).withAdmin {
      try await $0.bounds(topic: topic, until: deadline)
    }
    let total = ends.reduce(0) { $0 + max(0, $1.value - (firsts[$1.key] ?? 0)) }
    // Without a filter the newest are at the ends.
    let starts = ends.reduce(into: [Int32: Int64]()) { starts, end in
      let first = firsts[end.key] ?? 0
      if end.value > first { starts[end.key] = reason == nil ? max(first, end.value - Int64(limit)) : first }
    }
    guard !starts.isEmpty else { return ([], total) }
    let consumer = try KafkaConsumer(
      configuration: configuration, group: "retrain.dead-letters", topic: topic, queueBytesMax: 16 << 20)
    do {
      let found = try await read(consumer, starts, ends, limit, deadline) { letter in
        (reason == nil || letter.reason == reason?.rawValue) && places.map { $0.contains(letter.place ?? "") } ?? true
      }
      await consumer.close()
      let newestFirst = found.values.joined().sorted { ($0.at ?? .distantPast) > ($1.at ?? .distantPast) }
      return (Array(newestFirst.prefix(limit)), total)
    } catch {
      await consumer.close()
      throw error
    }
  }

  private func read(
    _ consumer: KafkaConsumer, _ starts: [Int32: Int64], _ ends: [Int32: Int64], _ limit: Int, _ deadline: Deadline,
    where isWanted: @escaping @Sendable (DeadLetterRecord) -> Bool
  ) async throws -> [Int32: [DeadLetterRecord]] {
    try await consumer.assign(starts.mapValues { .offset($0) })
    var open = Set(starts.keys)
    var found: [Int32: [DeadLetterRecord]] = [:]
    let id = id
    while !open.isEmpty {
      guard !deadline.hasPassed else {
        throw KafkaError(
          code: .timedOut, topic: topic, partition: open.min(), offset: nil, isRetryable: true,
          reason: "the topic could not be read to its end in time")
      }
      let wanted = Dictionary(uniqueKeysWithValues: open.map { ($0, 256) })
      let (letters, done) = try await consumer.perform { consumer in
        var letters: [Int32: [DeadLetterRecord]] = [:]
        var done: Set<Int32> = []
        _ = try consumer.pollAny(partitions: wanted, waitUpTo: .milliseconds(100)) { partition, record in
          let letter = DeadLetterRecord(record, id: id)
          if isWanted(letter) { letters[partition, default: []].append(letter) }
          if record.offset + 1 >= ends[partition] ?? 0 { done.insert(partition) }
        }
        // The last offsets may hold no record: marks of transactions, or what compaction took.
        for partition in wanted.keys where consumer.isAtEnd(partition) { done.insert(partition) }
        return (letters, done)
      }
      for (partition, more) in letters {
        let kept = (found[partition] ?? []) + more
        // Of the newest last; those of one partition come in order.
        found[partition] = Array(kept.suffix(limit))
      }
      open.subtract(done)
    }
    return found.mapValues { $0.reversed() }
  }
}
