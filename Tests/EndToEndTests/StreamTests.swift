import Foundation
import Kafka
import Testing
import Vocabulary

/// What Apache Kafka does to a stream that the broker in memory cannot.
@Suite(
  "The stream of a real broker", .serialized,
  .enabled(if: Workplace.kafkaHome != nil, "KAFKA_HOME names no Apache Kafka"))
struct StreamTests {
  private let place: Workplace
  private let configuration: KafkaConfiguration

  init() throws {
    place = try Workplace(kafkaHome: Workplace.kafkaHome)
    let up = try place.run("dev", "up", "--json")
    #expect(up.code == 0, "\(up.complaints)")
    configuration = KafkaConfiguration(brokers: try #require(try up.json()["brokers"] as? String))
  }

  private func file(_ name: String, source: String = "") throws -> String {
    let path = "\(place.folder)/\(name).yaml"
    let text = """
      name: \(name)
      source:
        topic: \(name)
      \(source)
      schema: { label: { path: y }, features: [{ name: a, type: float }] }
      model: { task: binary, hidden: [4] }
      training: { workers: 1, linger: 20ms, ledger: true }
      """
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func publish(_ values: [[UInt8]?], to topic: String) async throws {
    let producer = try KafkaProducer(configuration: configuration)
    for value in values {
      try await producer.send(topic: topic, partition: 0, key: [1], value: value, until: .after(.seconds(10)))
    }
    try await producer.flush(until: .after(.seconds(30)))
    await producer.close()
  }

  private func records(_ count: Int) -> [[UInt8]?] {
    (0..<count).map { Array("{\"a\":\(Double($0 % 7) / 7),\"y\":\($0 % 7 > 3 ? 1 : 0)}".utf8) }
  }

  private func admin<Result: Sendable>(_ body: (KafkaAdmin, Deadline) async throws -> Result) async throws -> Result {
    let admin = try KafkaAdmin(configuration: configuration)
    let result = try await body(admin, .after(.seconds(30)))
    await admin.close()
    return result
  }

  @Test("a topic is made with a word, or refused; one that is near is named")
  func creation() async throws {
    let path = try file("ordres", source: "  create: false")
    _ = try await admin { try await $0.createTopic("orders", partitions: 1, until: $1) }
    let refused = try place.run("start", path, "--until", "end")
    #expect(refused.code == 69)
    #expect(refused.complaints.contains("ordres is not there, and source.create is false; there is a topic orders"))
    #expect(try place.run("feed", "-", "--pipeline", path).code == 69)
    #expect(try place.run("feed", "-", "--topic", "ordres", "--no-create").code == 69)
    #expect(try await admin { try await $0.topicNames(until: $1) } == ["orders"])
    let made = try place.run("start", try file("ordres"), "--until", "end")
    #expect(made.code == 0, "\(made.complaints)")
    #expect(
      made.complaints.contains(
        "the topic ordres was not there and was made, with 4 partitions; there is a topic orders: did you mean that?"))
    #expect(made.complaints.contains("the dead-letter topic ordres.dead-letter was not there and was made"))
  }

  @Test(
    "dead letters larger than the topic takes are cut, a compacted topic takes them too; tombstones are passed over")
  func deadLetters() async throws {
    for (name, property) in [("limited", ["max.message.bytes": "10000"]), ("compacted", ["cleanup.policy": "compact"])]
    {
      let path = try file(name)
      try await admin { admin, deadline in
        _ = try await admin.createTopic(name, partitions: 1, until: deadline)
        _ = try await admin.createTopic(
          name + ".dead-letter", partitions: 1, properties: property, until: deadline)
      }
      let bad = (0..<40).map { Array("{\"a\":1,\"pad\":\"\(String(repeating: "x", count: $0 * 700))".utf8) }
      try await publish(records(300) + bad + [nil] + records(100), to: name)
      let run = try place.run("start", path, "--until", "end", "--json")
      #expect(run.code == 0, "\(run.complaints.suffix(2000))")
      let audit = try place.run("audit", "--pipeline", name, "--ledger", "--json").json()
      let reasons = (audit["rejectedByReason"] as? [String: Int] ?? [:]).filter { $0.value > 0 }
      #expect(reasons == ["malformed": 40, "tombstone": 1])
      #expect(audit["trained"] as? Int == 400 && (audit["problems"] as? [String])?.isEmpty == true)
      let letters = try await admin { try await $0.endOffsets(topic: name + ".dead-letter", until: $1) }
      #expect(letters == [0: 40])
    }
  }

  @Test("a dead-letter topic that takes nothing costs its letters, and is told; the stream goes on")
  func deadLettersLost() async throws {
    let path = try file("small")
    try await admin { admin, deadline in
      _ = try await admin.createTopic("small", partitions: 1, until: deadline)
      _ = try await admin.createTopic(
        "small.dead-letter", partitions: 1, properties: ["max.message.bytes": "50"], until: deadline)
    }
    try await publish(records(100) + [Array("{".utf8)] + records(100), to: "small")
    let run = try place.run("start", path, "--until", "end", "--json")
    #expect(run.code == 0, "\(run.complaints.suffix(2000))")
    #expect(run.complaints.contains("records did not get into the dead-letter topic"))
    let incident = try place.run("incident", "show", "1").output
    #expect(incident.contains("dead_letters_lost") && incident.contains("small/0/100"))
    #expect(incident.contains("MSG_SIZE_TOO_LARGE"), "\(incident)")
    #expect(try place.run("audit", "--pipeline", "small").code == 0)
  }

  @Test("an incident's record comes from the dead letters once the log no longer has it")
  func reproducedFromDeadLetters() async throws {
    let path = try file("gone")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacingOccurrences(of: "type: float", with: "type: float, normalize: none")
      .replacingOccurrences(of: "hidden: [4]", with: "hidden: [256, 128, 16]")
      .write(toFile: path, atomically: true, encoding: .utf8)
    _ = try await admin { try await $0.createTopic("gone", partitions: 1, until: $1) }
    try await publish(records(300) + [Array("{\"a\":3.3e38,\"y\":0}".utf8)] + records(100), to: "gone")
    #expect(try place.run("start", path, "--until", "end").code == 0)
    func source() throws -> String? {
      let answer = try place.run("incident", "reproduce", "1", "--json")
      #expect(answer.code == 0, "\(answer.complaints)")
      return (try answer.json()["records"] as? [[String: Any]])?.first?["source"] as? String
    }
    #expect(try source() == "log")
    try await admin { try await $0.deleteRecords(topic: "gone", partition: 0, before: 350, until: $1) }
    #expect(try source() == "dead_letters")
    let text2 = try place.run("incident", "reproduce", "1").output
    #expect(text2.contains("gone/0/300, from the dead-letter topic") && text2.contains("first →"), "\(text2)")
  }

  @Test("what retention removed, and a topic made anew, are told with ways on that keep the model")
  func waysOn() async throws {
    let path = try file("flow")
    _ = try await admin { try await $0.createTopic("flow", partitions: 1, until: $1) }
    try await publish(records(200), to: "flow")
    #expect(try place.run("start", path, "--until", "end").code == 0)
    try await publish(records(300), to: "flow")
    try await admin { try await $0.deleteRecords(topic: "flow", partition: 0, before: 400, until: $1) }
    let refused = try place.run("start", path, "--until", "end")
    #expect(refused.code == 69)
    #expect(refused.complaints.contains("offsets 200 to 399 of flow/0") && refused.complaints.contains("--skip-lost"))
    #expect(try place.run("start", path, "--until", "end", "--new-stream").code == 64, "the topic is the same")
    let skipped = try place.run("start", path, "--until", "end", "--skip-lost")
    #expect(skipped.code == 0, "\(skipped.complaints)")
    var audit = try place.run("audit", "--ledger", "--json").json()
    #expect(audit["lostByBroker"] as? Int == 200 && audit["lost"] as? Int == 0 && audit["trained"] as? Int == 300)

    try await admin { admin, deadline in
      try await admin.deleteTopic("flow", until: deadline)
    }
    let gone = try place.run("start", path, "--until", "end")
    #expect(gone.code == 69 && gone.complaints.contains("is not there any more"), "\(gone.complaints)")
    try await admin { admin, deadline in
      _ = try await admin.createTopic("flow", partitions: 1, until: deadline)
    }
    try await publish(records(700), to: "flow")
    let other = try place.run("start", path, "--until", "end")
    #expect(other.code == 69 && other.complaints.contains("--new-stream"), "\(other.complaints)")
    let anew = try place.run("start", path, "--until", "end", "--new-stream")
    #expect(anew.code == 0, "\(anew.complaints)")
    audit = try place.run("audit", "--ledger", "--json").json()
    #expect(audit["trained"] as? Int == 1000 && (audit["problems"] as? [String])?.isEmpty == true)
    #expect((audit["notes"] as? [String])?.count == 1)
    #expect(try place.run("start", path, "--until", "end").code == 0, "and it goes on from there")
  }

  @Test("records behind an open transaction are told at the end")
  func openTransaction() async throws {
    let path = try file("txn")
    _ = try await admin { try await $0.createTopic("txn", partitions: 1, until: $1) }
    try await publish(records(100), to: "txn")
    let payload = place.folder + "/payload"
    try "{\"a\":0.5,\"y\":1}\n".write(toFile: payload, atomically: true, encoding: .utf8)
    let home = try #require(Workplace.kafkaHome)
    let producer = Process()
    producer.executableURL = URL(filePath: home + "/bin/kafka-producer-perf-test.sh")
    producer.arguments = [
      "--topic", "txn", "--num-records", "100000", "--throughput", "20", "--payload-file", payload,
      "--transactional-id",
      "open", "--transaction-duration-ms", "600000", "--bootstrap-server", configuration.brokers,
      "--command-property", "transaction.timeout.ms=700000",
    ]
    producer.standardOutput = FileHandle.nullDevice
    producer.standardError = FileHandle.nullDevice
    try producer.run()
    defer {
      producer.terminate()
      producer.waitUntilExit()
    }
    let deadline = Deadline.after(.seconds(60))
    var written: Int64 = 100
    while written <= 100, !deadline.hasPassed {
      written = try await admin { try await $0.highWatermarks(topic: "txn", until: $1)[0] ?? 0 }
    }
    try #require(written > 100)
    #expect(try await admin { try await $0.endOffsets(topic: "txn", until: $1) } == [0: 100])
    let run = try place.run("start", path, "--until", "end", "--json")
    #expect(run.code == 0, "\(run.complaints)")
    let report = try run.json()
    #expect((report["ending"] as? String)?.contains("behind an open transaction") == true)
    let summary = report["run"] as? [String: Any]
    #expect(summary?["lag"] as? Int ?? 0 > 0 && summary?["lag"] as? Int == summary?["behindTransactions"] as? Int)
  }
}
