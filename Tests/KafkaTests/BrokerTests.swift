import Foundation
import Kafka
import Testing
import Vocabulary

@Suite("Brokers") struct BrokerTests {
  @Test("Apache Kafka is exercised as well, or this says loudly that it is not")
  func saysWhetherApacheRan() {
    guard BrokerKind.kafkaHome == nil else { return }
    FileHandle.standardError.write(
      Data(
        """

        !!! KAFKA_HOME is not set: the Kafka door was tested against the development broker only.
        !!! Set KAFKA_HOME to a home of Apache Kafka (and have Java 17) to test against the real one.


        """.utf8))
  }

  @Test("the development broker serves another process", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/kcat"), "needs kcat"))
  func servesOthers() async throws {
    let broker = try DevBroker(topics: ["shared": 3])
    defer { broker.close() }
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/usr/bin/kcat")
    child.arguments = ["-b", broker.bootstrap, "-L", "-t", "shared", "-m", "5"]
    let output = Pipe()
    child.standardOutput = output
    child.standardError = FileHandle.nullDevice
    try child.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    child.waitUntilExit()
    #expect(text.contains("topic \"shared\" with 3 partitions"))
  }

  @Test("a reader and a writer outlast a broker that is away for a moment, with nothing lost")
  func outlastAbsence() async throws {
    let broker = try DevBroker(topics: ["t": 1])
    defer { broker.close() }
    let notices = Notices()
    let topic = Topic(
      name: "t", configuration: KafkaConfiguration(brokers: broker.bootstrap, observer: notices.observer))
    try await withProducer(topic.configuration) { producer in
      try await withConsumer(topic) { consumer in
        try await producer.publish(["a"], topic: "t", partition: 0)
        try await consumer.assign([0: .offset(0)])
        #expect(try await consumer.read([0], count: 1).map(\.value) == ["a"])
        try broker.setReachable(false)
        try await producer.send(topic: "t", partition: 0, key: nil, value: Array("b".utf8), until: .after(.seconds(1)))
        let deadline = Deadline.after(.seconds(10))
        while !notices.sawTrouble, !deadline.hasPassed {
          #expect(try await consumer.read([0], count: 1, until: .after(.milliseconds(100))).isEmpty)
        }
        #expect(notices.sawTrouble, "the loss is reported")
        try broker.setReachable(true)
        try await producer.flush(until: .after(.seconds(20)))
        #expect(try await consumer.read([0], count: 1).map(\.value) == ["b"])
      }
    }
  }

  @Test("a home without Kafka is refused with its name")
  func refusesWrongHome() async {
    let directory = temporaryDirectory("no-kafka")
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let error = await #expect(throws: KafkaError.self) {
      try await ApacheBroker.start(home: "/nowhere", directory: directory, deadline: .after(.seconds(5)))
    }
    #expect(error?.code == .localBroker)
    #expect(error?.reason.contains("/nowhere") == true)
  }

  @Test("a Kafka without Java says what to install")
  func saysJavaIsMissing() async throws {
    let directory = temporaryDirectory("no-java")
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let home = directory + "/home"
    try FileManager.default.createDirectory(atPath: home + "/bin", withIntermediateDirectories: true)
    for script in ["kafka-storage.sh", "kafka-server-start.sh"] {
      try "#!/bin/sh\nexec /nowhere/java\n".write(toFile: "\(home)/bin/\(script)", atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(home)/bin/\(script)")
    }
    let error = await #expect(throws: KafkaError.self) {
      try await ApacheBroker.start(home: home, directory: directory + "/data", deadline: .after(.seconds(20)))
    }
    #expect(error?.reason.contains("Java") == true, "\(String(describing: error))")
  }

  @Test("a broker killed and started again while both sides work loses nothing and doubles nothing",
    .enabled(if: BrokerKind.kafkaHome != nil, "needs Apache Kafka in KAFKA_HOME"))
  func survivesKill() async throws {
    let directory = temporaryDirectory("kafka-killed")
    var broker = try await startApache(directory: directory)
    endAtExit(broker)
    let address = broker.bootstrap
    let topic = Topic(name: "t", configuration: KafkaConfiguration(brokers: address))
    try await withAdmin(topic.configuration) {
      _ = try await $0.createTopic("t", partitions: 2, until: .after(.seconds(20)))
    }
    let count = 60_000
    let feeder = try Feeder(
      configuration: topic.configuration, topic: "t", limits: FeedLimits(ratePerSecond: 12_000))
    let feeding = Task {
      for start in stride(from: 0, to: count, by: 1000) {
        var batch = KafkaBatch()
        for index in start..<start + 1000 { batch.append(key: "\(index)", value: "\(index)") }
        try await feeder.publish(batch)
      }
      return try await feeder.finish(until: .after(.seconds(60)))
    }
    try await withConsumer(topic) { consumer in
      try await consumer.assign([0: .earliest, 1: .earliest])
      var records = try await consumer.read([0, 1], count: 15_000, until: .after(.seconds(30)))
      broker.kill()
      #expect(!broker.isRunning)
      broker = try await startApache(directory: directory)
      endAtExit(broker)
      #expect(broker.bootstrap == address, "the same directory keeps its address")
      #expect(try await ApacheBroker.start(home: #require(BrokerKind.kafkaHome), directory: directory, deadline: .after(.seconds(5))).processIdentifier == broker.processIdentifier, "a running broker is used as it is")
      records += try await consumer.read([0, 1], count: count - records.count, until: .after(.seconds(60)))
      #expect(records.count == count)
      #expect(Set(records.compactMap { Int($0.value) }) == Set(0..<count))
      for partition in Int32(0)...1 {
        let own = records.filter { $0.partition == partition }
        #expect(own.map(\.offset) == Array(0..<Int64(own.count)))
        let values = own.compactMap { Int($0.value) }
        #expect(values == values.sorted(), "in the order sent")
      }
    }
    #expect(try await feeding.value.delivered == Int64(count))
    await feeder.close()
    try broker.stop(deadline: .after(.seconds(20)))
    #expect(ApacheBroker.attach(directory: directory) == nil)
  }
}

extension Notices {
  var sawTrouble: Bool {
    all.contains {
      if case .trouble(let error) = $0 { return error.code == .unreachable && error.isRetryable }
      return false
    }
  }
}
