import Kafka
import Testing
import Vocabulary
import Worker

@Suite("Records read again")
struct RecordFetchTests {
  private func at(_ partition: Int32, _ offset: Int64) -> RecordPosition {
    RecordPosition(topic: "t", partition: partition, offset: offset)
  }

  @Test("what the log has dropped takes no other record with it, and what was not asked for counts as no attempt")
  func dropped() async throws {
    let broker = try DevBroker(topics: ["t": 2])
    let configuration = KafkaConfiguration(brokers: broker.bootstrap)
    // More than the broker in memory keeps of a partition, 5 MB.
    let producer = try KafkaProducer(configuration: configuration)
    let pad = [UInt8](repeating: 120, count: 60_000)
    for number in 0..<120 {
      for partition in Int32(0)..<2 {
        try await producer.send(
          topic: "t", partition: partition, key: [UInt8(number)], value: partition == 0 ? pad : [1],
          until: .after(.seconds(10)))
      }
    }
    try await producer.flush(until: .after(.seconds(20)))
    await producer.close()
    let admin = try KafkaAdmin(configuration: configuration)
    let first = try #require(try await admin.firstOffsets(topic: "t", until: .after(.seconds(20)))[0])
    await admin.close()
    try #require(first > 1)

    let wanted = [at(0, 0), at(0, 1), at(0, first), at(0, 119), at(1, 0), at(1, 119)]
    let answer = try await RecordFetch.read(wanted, configuration: configuration, until: .after(.seconds(30)))
    #expect(Set(answer.copies.keys) == Set(wanted.dropFirst(2)))
    #expect(answer.copies[at(0, 119)]?.key == [119] && answer.copies[at(0, 119)]?.value == pad)
    #expect(answer.copies[at(1, 0)]?.value == [1])
    #expect(answer.asked == Set(wanted))

    let late = try await RecordFetch.read(wanted, configuration: configuration, until: .after(.zero))
    #expect(late.copies.isEmpty && late.asked.isEmpty)
    broker.close()
  }
}
