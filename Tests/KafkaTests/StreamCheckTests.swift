import Kafka
import Testing
import Vocabulary

@Suite("Stream check") struct StreamCheckTests {
  /// The mark of the record with an offset.
  private func mark(_ topic: Topic, _ partition: Int32, _ offset: Int64) async throws -> StreamMark {
    try await withConsumer(topic) { consumer in
      try await consumer.assign([partition: .offset(offset)])
      let deadline = Deadline.after(.seconds(20))
      while !deadline.hasPassed {
        let found = try await consumer.perform { consumer in
          var found: StreamMark?
          _ = try consumer.pollAny(partitions: [partition: 1], waitUpTo: .milliseconds(100)) { found = $1.mark }
          return found
        }
        if let found { return found }
      }
      throw KafkaError(code: .timedOut, reason: "no record")
    }
  }

  @Test("a topic is known again by one record; another topic is not it", arguments: BrokerKind.available)
  func knowsAgain(kind: BrokerKind) async throws {
    let topic = try await Brokers.shared.makeTopic(kind, partitions: 2)
    let other = try await Brokers.shared.makeTopic(kind, partitions: 2)
    for each in [topic, other] {
      try await withProducer(each.configuration) { producer in
        // The same values: the records differ in their times.
        try await producer.send(
          topic: each.name, partition: 0, key: [7], value: [1], timestamp: each.name == topic.name ? 1000 : 2000,
          until: .after(.seconds(10)))
        try await producer.publish(["a", "b"], topic: each.name, partition: 1)
      }
    }
    let marks = [try await mark(topic, 0, 0), try await mark(topic, 1, 1)]
    let deadline = Deadline.after(.seconds(30))
    func look(_ marks: [StreamMark], _ topic: Topic) async throws -> [Int32: StreamCheck.Finding] {
      try await StreamCheck.look(at: marks, topic: topic.name, configuration: topic.configuration, until: deadline)
    }
    #expect(try await look(marks, topic) == [0: .same, 1: .same])
    #expect(try await look([marks[0]], other) == [0: .other])
    #expect(try await look([], other).isEmpty)
    let beyond = StreamMark(partition: 1, offset: 9, time: 0, digest: 0)
    let nowhere = StreamMark(partition: 5, offset: 9, time: 0, digest: 0)
    #expect(try await look([beyond, nowhere], topic) == [1: .endsAt(2), 5: .endsAt(0)])
  }

  @Test(
    "what retention has removed proves nothing", .enabled(if: BrokerKind.kafkaHome != nil, "KAFKA_HOME names no Kafka"))
  func removed() async throws {
    let topic = try await Brokers.shared.makeTopic(.apache, partitions: 1)
    try await withProducer(topic.configuration) { producer in
      try await producer.publish(["a", "b", "c"], topic: topic.name, partition: 0)
    }
    let first = try await mark(topic, 0, 0)
    try await withAdmin(topic.configuration) { admin in
      try await admin.deleteRecords(topic: topic.name, partition: 0, before: 2, until: .after(.seconds(20)))
    }
    let findings = try await StreamCheck.look(
      at: [first], topic: topic.name, configuration: topic.configuration, until: .after(.seconds(20)))
    #expect(findings == [0: .gone])
  }

  @Test("key, value, their absence and their times make a record; long values too", arguments: BrokerKind.available)
  func digests(kind: BrokerKind) async throws {
    let topic = try await Brokers.shared.makeTopic(kind, partitions: 1)
    let long = [UInt8](repeating: 5, count: 5000)
    let records: [(key: [UInt8]?, value: [UInt8]?)] = [
      (nil, [1]), ([], [1]), ([1], []), ([1], nil), ([1], [1]), (nil, long), (nil, long + [5]),
      (nil, Array(long.dropLast()) + [6]),
    ]
    try await withProducer(topic.configuration) { producer in
      for record in records {
        try await producer.send(
          topic: topic.name, partition: 0, key: record.key, value: record.value, timestamp: 1,
          until: .after(.seconds(10)))
      }
      try await producer.flush(until: .after(.seconds(20)))
    }
    var digests: Set<UInt64> = []
    for offset in records.indices {
      digests.insert(try await mark(topic, 0, Int64(offset)).digest)
    }
    #expect(digests.count == records.count)
  }
}
