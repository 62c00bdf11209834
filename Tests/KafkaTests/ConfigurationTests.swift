import Kafka
import Testing
import Vocabulary

@Suite("Configuration") struct ConfigurationTests {
  @Test("every wrong property is told at once, before any connection, and no secret with it")
  func tellsMistakes() {
    let configuration = KafkaConfiguration(
      brokers: "127.0.0.1:1",
      properties: [
        "no.such.property": "1", "security.protocol": "carrier-pigeon", "session.timeout.ms": "many",
        "enable.idempotence": "false", "group.id": "mine", "sasl.password": "s3cret-word", "linger.ms": "7",
      ])
    let mistakes = configuration.mistakes()
    #expect(mistakes.count == 5)
    #expect(mistakes.allSatisfy { $0.code == .invalidConfiguration })
    for name in ["no.such.property", "security.protocol", "session.timeout.ms", "enable.idempotence", "group.id"] {
      #expect(mistakes.contains { $0.reason.contains(name) }, "\(name) is named in \(mistakes)")
    }
    #expect(KafkaConfiguration(brokers: "x:1", properties: ["linger.ms": "7", "fetch.min.bytes": "2"]).mistakes().isEmpty)
  }

  @Test("clients refuse what is wrong", arguments: [["no.such.property": "1"], ["sasl.mechanisms": "NOPE"], ["acks": "1"]])
  func clientsRefuse(properties: [String: String]) {
    var configuration = KafkaConfiguration(brokers: "127.0.0.1:1", properties: properties)
    if properties["sasl.mechanisms"] != nil { configuration.properties["security.protocol"] = "sasl_plaintext" }
    let error = #expect(throws: KafkaError.self) { try KafkaProducer(configuration: configuration) }
    #expect(error?.code == .invalidConfiguration)
  }

  @Test("a secret shows in no description, notice or error")
  func keepsSecrets() async throws {
    let secret = "hunter2-hunter2"
    let notices = Notices()
    let broker = try DevBroker(topics: ["t": 1])
    defer { broker.close() }
    let configuration = KafkaConfiguration(
      brokers: broker.bootstrap,
      properties: [
        "security.protocol": "sasl_plaintext", "sasl.mechanisms": "PLAIN", "sasl.username": "someone",
        "sasl.password": secret, "debug": "all",
      ], observer: notices.observer)
    try await withAdmin(configuration) { admin in
      let error = await #expect(throws: KafkaError.self) {
        try await admin.partitionCount(topic: "t", until: .after(.milliseconds(800)))
      }
      #expect(!String(describing: error).contains(secret))
    }
    var dumped = ""
    dump(configuration, to: &dumped)
    for text in [dumped, "\(configuration)", String(reflecting: configuration)] { #expect(!text.contains(secret)) }
    #expect(!notices.all.isEmpty, "librdkafka's lines come here")
    #expect(!notices.all.contains { "\($0)".contains(secret) })
  }

  @Test("the cure for the full queue fits the version of the library")
  func curesFullQueues() async throws {
    // Reading starts at all: the defaults are accepted by the library in use.
    for bytes in [1 << 10, 1 << 20, 256 << 20, 4 << 40] {
      let consumer = try KafkaConsumer(
        configuration: KafkaConfiguration(brokers: "127.0.0.1:1"), group: "g", topic: "t", queueBytesMax: bytes)
      await consumer.close()
    }
  }
}
