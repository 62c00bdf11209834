import Kafka
import Testing
import Vocabulary

@Suite("Producer") struct ProducerTests {
  @Test("a key always meets the partition that Java would choose", arguments: BrokerKind.available)
  func partitionsByKey(kind: BrokerKind) async throws {
    let topic = try await Brokers.shared.makeTopic(kind, partitions: 4)
    var batch = KafkaBatch()
    for round in 0..<5 { for key in 0..<40 { batch.append(key: "key-\(key)", value: "\(round)") } }
    try await withProducer(topic.configuration) { producer in
      #expect(try await producer.send(contentsOf: batch, topic: topic.name, until: .after(.seconds(10))) == 200)
      try await producer.flush(until: .after(.seconds(20)))
      #expect(await producer.counters == ProducerCounters(sent: 200, delivered: 200, failed: 0))
    }
    try await withConsumer(topic) { consumer in
      try await consumer.assign([0: .earliest, 1: .earliest, 2: .earliest, 3: .earliest])
      let records = try await consumer.read([0, 1, 2, 3], count: 200)
      #expect(records.count == 200)
      for (key, own) in Dictionary(grouping: records, by: \.key) {
        let key = try #require(key)
        #expect(Set(own.map(\.partition)) == [Int32(murmur2(key) & 0x7fff_ffff) % 4])
        #expect(own.map(\.value) == (0..<5).map(String.init), "in the order sent")
      }
      #expect(Set(records.map(\.partition)).count == 4)
    }
  }

  @Test("a dead letter keeps its headers, key, time and bytes", arguments: BrokerKind.available)
  func keepsHeaders(kind: BrokerKind) async throws {
    let topic = try await Brokers.shared.makeTopic(kind, partitions: 1)
    let bytes: [UInt8] = [0, 255, 10, 0]
    try await withProducer(topic.configuration) { producer in
      try await producer.send(
        topic: topic.name, key: Array("k".utf8), value: bytes,
        headers: [("retrain.reason", "malformed"), ("retrain.offset", "17"), ("empty", "")],
        timestamp: 1_600_000_000_000, until: .after(.seconds(5)))
      try await producer.send(topic: topic.name, key: nil, value: [], until: .after(.seconds(5)))
      try await producer.flush(until: .after(.seconds(20)))
    }
    try await withConsumer(topic) { consumer in
      try await consumer.assign([0: .earliest])
      try await consumer.perform { consumer in
        var seen = 0
        let deadline = Deadline.after(.seconds(20))
        while seen < 2, !deadline.hasPassed {
          seen += try consumer.pollAny(partitions: [0: 10], waitUpTo: .milliseconds(100)) { _, record in
            if record.offset == 0 {
              #expect(Array(record.value) == bytes)
              #expect(record.key.map(Array.init) == Array("k".utf8))
              #expect(record.timestamp == 1_600_000_000_000)
              #expect(record.headers.map(\.name) == ["retrain.reason", "retrain.offset", "empty"])
              #expect(record.headers.map { String(decoding: $0.value, as: UTF8.self) } == ["malformed", "17", ""])
            } else {
              #expect(record.key == nil)
              #expect(record.value.isEmpty && !record.isTombstone)
              #expect(record.headers.isEmpty)
            }
          }
        }
        #expect(seen == 2)
      }
    }
  }

  @Test("a full queue holds its sender back until the deadline, and takes more when there is room")
  func holdsBack() async throws {
    let broker = try DevBroker(topics: ["t": 1])
    defer { broker.close() }
    try broker.setReachable(false)
    var batch = KafkaBatch()
    for index in 0..<1000 { batch.append(key: "\(index)", value: String(repeating: "x", count: 1000)) }
    let sent = batch
    try await withProducer(KafkaConfiguration(brokers: broker.bootstrap), queueBytesMax: 100 << 10) { producer in
      let start = ContinuousClock.now
      let taken = try await producer.send(contentsOf: sent, topic: "t", until: .after(.milliseconds(300)))
      #expect((50...110).contains(taken), "100 KiB hold about 100 records, not \(taken)")
      #expect(start.duration(to: .now) >= .milliseconds(300))
      let full = await #expect(throws: KafkaError.self) {
        try await producer.send(
          topic: "t", key: nil, value: [UInt8](repeating: 1, count: 60 << 10), until: .after(.zero))
      }
      #expect(full?.code == .queueFull && full?.isRetryable == true)
      let late = await #expect(throws: KafkaError.self) { try await producer.flush(until: .after(.milliseconds(50))) }
      #expect(late?.code == .timedOut)
      try broker.setReachable(true)
      #expect(try await producer.send(contentsOf: sent, from: taken, topic: "t", until: .after(.seconds(20))) == 1000)
      try await producer.flush(until: .after(.seconds(20)))
      #expect(await producer.counters.delivered == 1000)
    }
  }

  @Test("a record that is given up is counted and told by the next flush, once")
  func tellsFailures() async throws {
    let broker = try DevBroker(topics: ["t": 1])
    defer { broker.close() }
    try broker.setReachable(false)
    let configuration = KafkaConfiguration(
      brokers: broker.bootstrap, properties: ["message.timeout.ms": "100"])
    try await withProducer(configuration) { producer in
      try await producer.send(topic: "t", partition: 0, key: nil, value: [1], until: .after(.seconds(1)))
      let error = await #expect(throws: KafkaError.self) { try await producer.flush(until: .after(.seconds(20))) }
      #expect(error?.code == .deliveryFailed)
      #expect(error?.topic == "t")
      #expect(await producer.counters == ProducerCounters(sent: 1, delivered: 0, failed: 1))
      try await producer.flush(until: .after(.seconds(1)))
    }
  }

  @Test("a record too large is refused at once, and the rest goes on", arguments: BrokerKind.available)
  func refusesTooLarge(kind: BrokerKind) async throws {
    let topic = try await Brokers.shared.makeTopic(kind, partitions: 1)
    try await withProducer(topic.configuration) { producer in
      let error = await #expect(throws: KafkaError.self) {
        try await producer.send(
          topic: topic.name, key: nil, value: [UInt8](repeating: 1, count: 2 << 20), until: .after(.seconds(1)))
      }
      #expect(error?.code == .messageTooLarge)
      try await producer.publish(["fine"], topic: topic.name, partition: 0)
    }
  }

  @Test("a null value stays one, and an empty value too", arguments: BrokerKind.available)
  func nullValues(kind: BrokerKind) async throws {
    let topic = try await Brokers.shared.makeTopic(kind, partitions: 1)
    try await withProducer(topic.configuration) { producer in
      for value in [nil, [], [1]] as [[UInt8]?] {
        try await producer.send(topic: topic.name, partition: 0, key: [1], value: value, until: .after(.seconds(10)))
      }
      try await producer.flush(until: .after(.seconds(20)))
    }
    try await withConsumer(topic) { consumer in
      try await consumer.assign([0: .earliest])
      let deadline = Deadline.after(.seconds(20))
      var found: [Bool] = []
      while found.count < 3, !deadline.hasPassed {
        found += try await consumer.perform { consumer in
          var found: [Bool] = []
          _ = try consumer.pollAny(partitions: [0: 3], waitUpTo: .milliseconds(100)) { found.append($1.isTombstone) }
          return found
        }
      }
      #expect(found == [true, false, false])
    }
  }

  @Test("what becomes of a tagged record is reported under its tag, and is no failure of the others")
  func tags() async throws {
    let topic = try await Brokers.shared.makeTopic(.development, partitions: 1)
    try await withProducer(topic.configuration) { producer in
      // First the one that fails: once the producer knows how many partitions there are, it refuses it at once.
      for tag in [2, 1, 3] {
        try await producer.send(
          topic: topic.name, partition: tag == 2 ? 77 : 0, key: nil, value: [1], tag: tag, until: .after(.seconds(10)))
      }
      try await producer.flush(until: .after(.seconds(60)))
      let reports = await producer.takeReports()
      #expect(Set(reports.map(\.tag)) == [1, 2, 3])
      #expect(reports.filter { $0.error != nil }.map(\.tag) == [2])
      #expect(await producer.takeReports().isEmpty)
    }
  }

  @Test("a closed producer says so")
  func saysClosed() async throws {
    let producer = try KafkaProducer(configuration: KafkaConfiguration(brokers: "127.0.0.1:1"))
    await producer.close()
    await producer.close()
    let error = await #expect(throws: KafkaError.self) {
      try await producer.send(topic: "t", key: nil, value: [1], until: .after(.seconds(1)))
    }
    #expect(error?.code == .closed)
  }
}

/// The hash of Java's default partitioner, written out plainly.
private func murmur2(_ text: String) -> UInt32 {
  let bytes = Array(text.utf8)
  let m: UInt32 = 0x5bd1_e995
  var h: UInt32 = 0x9747_b28c ^ UInt32(bytes.count)
  var index = 0
  while index + 4 <= bytes.count {
    var k = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) }
    k = k &* m
    k ^= k >> 24
    k = k &* m
    h = (h &* m) ^ k
    index += 4
  }
  let rest = bytes[index...]
  if !rest.isEmpty {
    for (place, byte) in rest.enumerated() { h ^= UInt32(byte) << UInt32(8 * place) }
    h = h &* m
  }
  h ^= h >> 13
  h = h &* m
  return h ^ (h >> 15)
}
