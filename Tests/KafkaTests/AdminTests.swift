import Kafka
import Testing
import Vocabulary

@Suite("Administration") struct AdminTests {
  @Test("a topic is made once, however often it is asked for", arguments: BrokerKind.available)
  func createsTopics(kind: BrokerKind) async throws {
    let configuration = KafkaConfiguration(brokers: try await Brokers.shared.bootstrap(kind))
    let name = "made-\(UInt32.random(in: .min ... .max))"
    try await withAdmin(configuration) { admin in
      let deadline = Deadline.after(.seconds(20))
      // The development broker gives every topic 4 partitions.
      #expect(
        try await admin.createTopic(name, partitions: kind == .apache ? 3 : 4, until: deadline)
          == (kind == .apache ? 3 : 4))
      #expect(try await admin.createTopic(name, partitions: 8, until: deadline) == (kind == .apache ? 3 : 4))
      #expect(try await admin.endOffsets(topic: name, until: deadline).values.allSatisfy { $0 == 0 })
      if kind == .apache {
        try await admin.deleteTopic(name, until: deadline)
        try await admin.deleteTopic(name, until: deadline)
        let gone = await #expect(throws: KafkaError.self) {
          try await admin.partitionCount(topic: name, until: deadline)
        }
        #expect(gone?.code == .unknownTopic)
      }
    }
  }

  @Test("an unknown topic is a typed error, and is not made by asking", arguments: BrokerKind.available)
  func knowsUnknownTopics(kind: BrokerKind) async throws {
    let configuration = KafkaConfiguration(brokers: try await Brokers.shared.bootstrap(kind))
    try await withAdmin(configuration) { admin in
      for _ in 0..<2 {
        let error = await #expect(throws: KafkaError.self) {
          try await admin.partitionCount(topic: "nowhere-to-be-seen", until: .after(.seconds(10)))
        }
        #expect(error?.code == .unknownTopic)
        #expect(error?.topic == "nowhere-to-be-seen")
      }
    }
  }

  @Test("the topics there are can be listed, to find the one that was meant", arguments: BrokerKind.available)
  func listsTopics(kind: BrokerKind) async throws {
    let topic = try await Brokers.shared.makeTopic(kind, partitions: 1, named: "orders")
    try await withAdmin(topic.configuration) { admin in
      let names = try await admin.topicNames(until: .after(.seconds(20)))
      #expect(names.contains(topic.name))
      #expect(names == names.sorted() && !names.contains { $0.hasPrefix("__") })
    }
  }

  @Test("first and end offsets are told for all partitions at once", arguments: BrokerKind.available)
  func tellsOffsets(kind: BrokerKind) async throws {
    let topic = try await Brokers.shared.makeTopic(kind, partitions: 3)
    try await withProducer(topic.configuration) { producer in
      try await producer.publish((0..<7).map(String.init), topic: topic.name, partition: 2)
      try await producer.publish((0..<5).map(String.init), topic: topic.name, partition: 0)
    }
    try await withAdmin(topic.configuration) { admin in
      let deadline = Deadline.after(.seconds(20))
      let ends = try await admin.endOffsets(topic: topic.name, until: deadline)
      #expect(ends == [0: 5, 1: 0, 2: 7])
      #expect(try await admin.firstOffsets(topic: topic.name, until: deadline) == [0: 0, 1: 0, 2: 0])
      #expect(try await admin.partitionCount(topic: topic.name, until: deadline) == 3)
      if kind == .apache {
        #expect(try await admin.offsets(topic: topic.name, atTime: 0, until: deadline) == [0: 0, 1: 0, 2: 0])
        #expect(
          try await admin.offsets(topic: topic.name, atTime: 4_000_000_000_000, until: deadline) == [0: 5, 1: 0, 2: 7])
      }
    }
  }

  @Test("a broker that is not there is a typed error within the deadline")
  func givesUpInTime() async throws {
    // A port that was free a moment ago, and is again.
    let broker = try DevBroker()
    let address = broker.bootstrap
    broker.close()
    let start = ContinuousClock.now
    try await withAdmin(KafkaConfiguration(brokers: address)) { admin in
      let error = await #expect(throws: KafkaError.self) {
        try await admin.partitionCount(topic: "t", until: .after(.milliseconds(500)))
      }
      #expect(error?.code == .unreachable || error?.code == .timedOut)
      #expect(error?.isRetryable == true)
      #expect(error.map { "\($0)".contains(address) } == true, "the address is named: \(String(describing: error))")
    }
    #expect(start.duration(to: .now) < .seconds(3))
  }
}
