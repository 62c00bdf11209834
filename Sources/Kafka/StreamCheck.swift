public import Vocabulary

/// Looks whether a topic is still the one that was read: whether the records that were marked lie where they lay.
///
/// The protocol that librdkafka speaks has no identity of a topic, and a topic made anew under the same name begins at
/// offset 0 again; its records have other times, keys or values.
public enum StreamCheck {
  /// What is at the place of a mark now.
  public enum Finding: Sendable, Hashable {
    case same
    /// Another record: the topic was made anew, or its log was cut and written on.
    case other
    /// The partition ends before it, here: the same. 0 for a partition that is not there.
    case endsAt(Int64)
    /// Removed by retention or compaction: nothing is known.
    case gone
  }

  /// - Returns: By partition, of every mark.
  /// - Throws: `KafkaError`, `timedOut` at the deadline.
  public static func look(
    at marks: [StreamMark], topic: String, configuration: KafkaConfiguration, until deadline: Deadline
  ) async throws -> [Int32: Finding] {
    guard !marks.isEmpty else { return [:] }
    let (firsts, ends) = try await bounds(topic, configuration, until: deadline)
    var findings: [Int32: Finding] = [:]
    var open: [Int32: StreamMark] = [:]
    for mark in marks {
      if let first = firsts[mark.partition], let end = ends[mark.partition], mark.offset < end {
        if mark.offset < first { findings[mark.partition] = .gone } else { open[mark.partition] = mark }
      } else {
        findings[mark.partition] = .endsAt(ends[mark.partition] ?? 0)
      }
    }
    let consumer = try KafkaConsumer(
      configuration: configuration, group: "retrain.check", topic: topic,
      queueBytesMax: max(1 << 20, open.count << 16))
    do {
      while !open.isEmpty {
        let found = try await read(open, with: consumer, until: deadline)
        for (partition, finding) in found {
          findings[partition] = finding
          open[partition] = nil
        }
      }
      await consumer.close()
    } catch {
      await consumer.close()
      throw error
    }
    return findings
  }

  private static func bounds(
    _ topic: String, _ configuration: KafkaConfiguration, until deadline: Deadline
  ) async throws -> ([Int32: Int64], [Int32: Int64]) {
    let admin = try KafkaAdmin(configuration: configuration)
    do {
      let bounds = try await admin.bounds(topic: topic, until: deadline)
      await admin.close()
      return bounds
    } catch {
      await admin.close()
      throw error
    }
  }

  /// What is found until all is, or until retention takes one of the places away meanwhile.
  private static func read(
    _ marks: [Int32: StreamMark], with consumer: KafkaConsumer, until deadline: Deadline
  ) async throws -> [Int32: Finding] {
    try await consumer.assign(marks.mapValues { .offset($0.offset) })
    var findings: [Int32: Finding] = [:]
    while findings.count < marks.count {
      guard !deadline.hasPassed else {
        throw KafkaError(
          code: .timedOut, topic: consumer.topic, isRetryable: true, reason: "marked records could not be read in time")
      }
      let known = findings
      do {
        findings = try await consumer.perform { consumer in
          var found = known
          let wanted = marks.keys.filter { known[$0] == nil }
          _ = try consumer.pollAny(
            partitions: Dictionary(uniqueKeysWithValues: wanted.map { ($0, 1) }), waitUpTo: .milliseconds(100)
          ) { partition, record in
            guard let mark = marks[partition] else { return }
            found[partition] = record.offset > mark.offset ? .gone : record.mark == mark ? .same : .other
          }
          for partition in wanted where found[partition] == nil && consumer.isAtEnd(partition) {
            found[partition] = .gone
          }
          return found
        }
      } catch let error as KafkaError where error.code == .offsetOutOfRange {
        guard let partition = error.partition else { throw error }
        return findings.merging([partition: .gone]) { $1 }
      }
    }
    return findings
  }
}
