import Ingest
import Kafka
import Pipelines
import Synchronization
import Testing
import Vocabulary
import Worker

@Suite("Record pump")
struct RecordPumpTests {
  /// A broker with one partition of records that are refused, and what reads them.
  private struct Rig {
    let broker: DevBroker
    let consumer: KafkaConsumer
    let buffer = PartitionBuffer(
      partition: 0, capacity: 8192, numberCount: 2, categoryCount: 1, fieldCount: 4, nextOffset: 0)

    static let topic = "t"
    static let burst: Int64 = 512

    init(records: Int) async throws {
      broker = try DevBroker(topics: [Self.topic: 1])
      let configuration = KafkaConfiguration(brokers: broker.bootstrap)
      let producer = try KafkaProducer(configuration: configuration)
      for _ in 0..<records {
        try await producer.send(
          topic: Self.topic, partition: 0, key: nil, value: Array("no record".utf8), until: .after(.seconds(10)))
      }
      try await producer.flush(until: .after(.seconds(20)))
      await producer.close()
      consumer = try KafkaConsumer(configuration: configuration, group: "pump", topic: Self.topic)
    }

    /// Reads until it fails or is cancelled.
    func run(assignment: Int, _ letters: DeadLetters, news: StreamNews = StreamNews()) async throws {
      let pipeline = smallPipeline()
      let pump = RecordPump(
        consumer: consumer, deadLetters: letters, topic: Self.topic, news: news,
        fields: DeclaredField.all(pipeline.schema, heads: pipeline.heads), letterPatience: .milliseconds(20))
      try await pump.run(
        buffers: [buffer],
        decoder: RecordDecoder(schema: pipeline.schema, heads: pipeline.heads, recordBytesMax: 1 << 20),
        assignment: assignment)
    }

    var position: Int64? { get async { await consumer.position(0)?.nextOffset } }

    func close() async {
      await consumer.close()
      broker.close()
    }
  }

  @Test("an older assignment's pump takes nothing of the next one's, and leaves it where it is")
  func ownAssignment() async throws {
    let rig = try await Rig(records: 10)
    let old = try await rig.consumer.assign([0: .offset(0)])
    let new = try await rig.consumer.assign([0: .offset(3)])
    #expect(old != new)
    let letters = DeadLetters(configuration: KafkaConfiguration(brokers: rig.broker.bootstrap), topic: "dead")
    await #expect(throws: CancellationError.self) { try await rig.run(assignment: old, letters) }
    #expect(!rig.buffer.hasRecords && letters.isEmpty)
    #expect(await rig.position == 3)
    // Its own it reads.
    let reading = Task { try await rig.run(assignment: new, letters) }
    let deadline = Deadline.after(.seconds(20))
    while await rig.position != 10, !deadline.hasPassed { await Task.yield() }
    #expect(await rig.position == 10)
    reading.cancel()
    _ = await reading.result
    await letters.close()
    await rig.close()
  }

  @Test("while the dead letters find no room nothing more is read, so that no more of them wait")
  func heldBack() async throws {
    let rig = try await Rig(records: 3000)
    let away = try DevBroker(topics: ["dead": 1])
    try away.setReachable(false)
    let letters = DeadLetters(
      configuration: KafkaConfiguration(
        brokers: away.bootstrap, properties: ["queue.buffering.max.messages": "1"]), topic: "dead")
    let news = StreamNews()
    let assignment = try await rig.consumer.assign([0: .offset(0)])
    let reading = Task { try await rig.run(assignment: assignment, letters, news: news) }
    let deadline = Deadline.after(.seconds(30))
    var places: [Int64?] = []
    while places.count < 4, !deadline.hasPassed {
      for case .deadLettersHeldUp in news.takeEvents() { places.append(await rig.position) }
      await Task.yield()
    }
    #expect(places.count >= 4 && Set(places).count == 1, "\(places)")
    #expect((1...Rig.burst).contains(places.first.flatMap(\.self) ?? 0))
    reading.cancel()
    _ = await reading.result
    await letters.close()
    away.close()
    await rig.close()
  }

  @Test(
    "brokers that are away are asked again; what does not pass by itself ends the asking, and so does a cancellation")
  func asksAgain() async throws {
    @Sendable func asking(_ failure: @Sendable (_ count: Int) -> KafkaError?) async throws -> Int {
      let asked = Mutex(0)
      return try await RecordPump.answer(pause: .zero) {
        let count = asked.withLock { count in
          count += 1
          return count
        }
        if let failure = failure(count) { throw failure }
        return count
      }
    }
    let passing = KafkaError(code: .timedOut, isRetryable: true, reason: "no answer")
    #expect(try await asking { $0 < 3 ? passing : nil } == 3)
    let error = await #expect(throws: KafkaError.self) {
      try await asking { $0 == 1 ? passing : KafkaError(code: .authorization, reason: "not allowed") }
    }
    #expect(error?.code == .authorization)
    let endless = Task { try await asking { _ in passing } }
    endless.cancel()
    await #expect(throws: CancellationError.self) { try await endless.value }
  }
}
