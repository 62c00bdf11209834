import Kafka
import Testing
import Vocabulary
import Worker

private func letter(value: Int, key: Int? = nil, field: String? = "a", offset: Int64 = 7) -> DeadLetter {
  [UInt8](repeating: 118, count: value).withUnsafeBytes { value in
    [UInt8](repeating: 107, count: key ?? 0).withUnsafeBytes { bytes in
      DeadLetter(
        position: RecordPosition(topic: "orders", partition: 3, offset: offset), reason: .wrongType, field: field,
        key: key == nil ? nil : bytes, value: value)
    }
  }
}

@Suite("Dead letters")
struct DeadLetterTests {
  @Test("a letter is cut to any limit that its headers fit into, and says what it was")
  func cuts() {
    for limit in [700, 1000, 5000, 100_000] {
      for (value, key) in [(10, nil), (2_000_000, nil), (2_000_000, 300), (10, 2_000_000), (2_000_000, 2_000_000)]
        as [(Int, Int?)]
      {
        var letter = letter(value: value, key: key)
        let fits = letter.cut(to: limit)
        #expect(fits, "\(value) and \(key ?? -1) bytes to \(limit)")
        #expect(letter.bytes <= limit)
        let headers = Dictionary(letter.headers, uniquingKeysWith: { $1 })
        #expect(headers["retrain.original-bytes"] == (letter.value.count < value ? String(value) : nil))
        // A key is whole or left out.
        #expect(letter.key == nil || letter.key?.count == key)
        #expect(headers["retrain.key-bytes"] == (key != nil && letter.key == nil ? key.map(String.init) : nil))
        #expect(letter.isCut == (letter.value.count < value || (key != nil && letter.key == nil)))
        // Cutting again changes nothing.
        let before = letter.value.count
        letter.cut(to: limit)
        #expect(letter.value.count == before)
      }
    }
  }

  @Test("what fits is left alone, an empty value and key too")
  func fits() {
    var small = letter(value: 0, key: 0)
    let fits = small.cut(to: 1000)
    #expect(fits && !small.isCut && small.key == [])
  }

  @Test("headers alone that do not fit are no letter; a field's name of any length does")
  func headersOnly() {
    var tight = letter(value: 10)
    let fitsTight = tight.cut(to: 100)
    var long = letter(value: 10, field: String(repeating: "n", count: 100_000))
    let fitsLong = long.cut(to: 1000)
    #expect(!fitsTight && fitsLong)
  }

  @Test("letters larger than the client's limit are cut until they fit, and all arrive")
  func clientLimit() async throws {
    let broker = try DevBroker(topics: ["dead": 1])
    let letters = DeadLetters(
      configuration: KafkaConfiguration(brokers: broker.bootstrap, properties: ["message.max.bytes": "5000"]),
      topic: "dead")
    for offset in 0..<20 { letters.put(letter(value: offset * 1000, key: 100, offset: Int64(offset))) }
    try await letters.deliver(until: .after(.seconds(30)))
    #expect(letters.counts.delivered == 20 && letters.counts.lost == 0 && letters.counts.waiting == 0)
    #expect(letters.counts.cut == 15)
    let ends = try await withAdmin(broker) { try await $0.endOffsets(topic: "dead", until: .after(.seconds(20))) }
    #expect(ends == [0: 20])
    await letters.close()
    broker.close()
  }

  @Test("a broker that is away keeps letters waiting; once it is back they arrive, each once")
  func awayForAWhile() async throws {
    let broker = try DevBroker(topics: ["dead": 1])
    let letters = DeadLetters(configuration: KafkaConfiguration(brokers: broker.bootstrap), topic: "dead")
    letters.put(letter(value: 10, offset: 0))
    try await letters.deliver(until: .after(.seconds(30)))
    try broker.setReachable(false)
    letters.put(letter(value: 10, offset: 1))
    let error = await #expect(throws: KafkaError.self) {
      try await letters.deliver(until: .after(.milliseconds(300)))
    }
    #expect(error?.code == .timedOut)
    #expect(letters.counts.waiting == 1 && letters.counts.lost == 0)
    try broker.setReachable(true)
    try await letters.deliver(until: .after(.seconds(30)))
    #expect(letters.counts.delivered == 2 && letters.takeLost(atOnce: true).isEmpty)
    let ends = try await withAdmin(broker) { try await $0.endOffsets(topic: "dead", until: .after(.seconds(20))) }
    #expect(ends == [0: 2])
    await letters.close()
    broker.close()
  }

  @Test(
    "what was put before is delivered, however much is put meanwhile", .timeLimit(.minutes(1)))
  func deliversWhatWas() async throws {
    let broker = try DevBroker(topics: ["dead": 1])
    let letters = DeadLetters(configuration: KafkaConfiguration(brokers: broker.bootstrap), topic: "dead")
    letters.put(letter(value: 10, offset: 0))
    // Whenever one is sent, the next is there.
    let stream = Task {
      var offset: Int64 = 0
      while !Task.isCancelled {
        if letters.isEmpty {
          offset += 1
          letters.put(letter(value: 10, offset: offset))
        }
        await Task.yield()
      }
    }
    try await letters.deliver(until: .after(.seconds(30)))
    #expect(letters.counts.delivered >= 1 && letters.counts.lost == 0)
    stream.cancel()
    await stream.value
    await letters.close()
    broker.close()
  }

  @Test("a topic that was away for as long as anybody waits is known to be away, until a letter arrives")
  func awayForLong() async throws {
    let broker = try DevBroker(topics: ["dead": 1])
    try broker.setReachable(false)
    let letters = DeadLetters(
      configuration: KafkaConfiguration(brokers: broker.bootstrap), topic: "dead", patience: .milliseconds(200))
    letters.put(letter(value: 10, offset: 0))
    try await letters.deliver(until: .after(.seconds(30)))
    #expect(letters.counts.lost == 1 && letters.takeLost(atOnce: true).map(\.position.offset) == [0])
    #expect(await letters.isAway)
    try broker.setReachable(true)
    let deadline = Deadline.after(.seconds(20))
    var offset: Int64 = 0
    while letters.counts.delivered == 0, !deadline.hasPassed {
      offset += 1
      letters.put(letter(value: 10, offset: offset))
      try await letters.deliver(until: .after(.seconds(30)))
    }
    #expect(letters.counts.delivered == 1)
    #expect(await !letters.isAway)
    await letters.close()
    broker.close()
  }

  private func withAdmin<Result: Sendable>(
    _ broker: DevBroker, _ body: (KafkaAdmin) async throws -> Result
  ) async throws -> Result {
    let admin = try KafkaAdmin(configuration: KafkaConfiguration(brokers: broker.bootstrap))
    let result = try await body(admin)
    await admin.close()
    return result
  }
}
