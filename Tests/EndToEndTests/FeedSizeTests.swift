import Kafka
import Testing
import Vocabulary
import retrainctl

@Suite("The largest record of a feed")
struct FeedSizeTests {
  @Test(
    "a record as large as is said is taken by producer and broker, whoever says it",
    arguments: [(nil, nil), ("2000", nil), (nil, 3_000_000)] as [(String?, Int?)])
  func fits(property: String?, wanted: Int?) async throws {
    let broker = try DevBroker(topics: ["t": 1])
    let size = ProducerSize(properties: property.map { ["message.max.bytes": $0] } ?? [:], wanted: wanted)
    #expect(size.recordBytesMax >= wanted ?? 1000)
    let producer = try KafkaProducer(
      configuration: KafkaConfiguration(brokers: broker.bootstrap, properties: size.properties))
    for keyBytes in [0, 100] {
      try await producer.send(
        topic: "t", key: keyBytes == 0 ? nil : Array(repeating: 107, count: keyBytes),
        value: Array(repeating: 118, count: size.recordBytesMax - keyBytes), until: .after(.seconds(10)))
    }
    try await producer.flush(until: .after(.seconds(20)))
    #expect(await producer.counters.delivered == 2)
    await producer.close()
    broker.close()
  }
}
