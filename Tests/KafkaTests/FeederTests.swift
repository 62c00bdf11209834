import Kafka
import Testing
import Vocabulary

@Suite("Feeder") struct FeederTests {
  @Test("a rate allows what is due, and a pause earns no long burst")
  func keepsRate() {
    let start = ContinuousClock.now
    var pace = FeedPace(limits: FeedLimits(ratePerSecond: 100), start: start)
    #expect(pace.allowance(wanted: 1000, now: start) == 1)
    pace.note(sent: 1)
    #expect(pace.allowance(wanted: 1000, now: start) == 0)
    #expect(pace.wait(now: start) == .milliseconds(10))
    #expect(pace.allowance(wanted: 1000, now: start.advanced(by: .milliseconds(500))) == 50)
    #expect(pace.allowance(wanted: 20, now: start.advanced(by: .milliseconds(500))) == 20)
    #expect(pace.allowance(wanted: 1000, now: start.advanced(by: .seconds(60))) == 100)
  }

  @Test("a lag allows nothing before it was looked at, and counts what is under way")
  func keepsLag() {
    let now = ContinuousClock.now
    var pace = FeedPace(limits: FeedLimits(lagRecordsMax: 100, group: "g"), start: now)
    #expect(pace.allowance(wanted: 1000, now: now) == 0)
    pace.note(lag: 30, underWay: 20)
    #expect(pace.allowance(wanted: 1000, now: now) == 50)
    pace.note(sent: 50)
    #expect(pace.allowance(wanted: 1000, now: now) == 0)
    pace.note(lag: 0, underWay: 0)
    #expect(pace.allowance(wanted: 1000, now: now) == 100)
    pace.note(lag: 500, underWay: 0)
    #expect(pace.allowance(wanted: 1000, now: now) == 0)
    #expect(pace.wait(now: now) == nil)
  }

  @Test("a broker that forgets gets no more than it can hold beside what a restart would read again")
  func keepsWhatIsNeeded() {
    // 5 MiB a partition at 1,008 + 16 bytes are 5,120 records, of which four fifths may be behind the checkpoint.
    func room(_ first: Int64, _ end: Int64, _ needed: Int64) -> Int64 {
      RetainedPartition.room(
        [RetainedPartition(first: first, end: end, needed: needed), RetainedPartition(first: 0, end: 0, needed: 0)],
        recordBytes: 1008)
    }
    #expect(room(0, 0, 0) == 4096)
    #expect(room(0, 4000, 0) == 96)
    #expect(room(0, 4000, 3000) == 3096)
    #expect(room(0, 9000, 0) == 0)
    // Once it has forgotten something, it is known how much it holds.
    #expect(room(50_000, 60_000, 58_000) == 4096)
    #expect(room(50_000, 52_000, 51_000) == 600)
    let now = ContinuousClock.now
    var pace = FeedPace(limits: FeedLimits(lagRecordsMax: 1000, group: "g"), start: now)
    pace.note(lag: 0, underWay: 0)
    pace.note(room: 300, underWay: 100)
    #expect(pace.allowance(wanted: 1000, now: now) == 200)
    pace.note(sent: 150)
    #expect(pace.allowance(wanted: 1000, now: now) == 50)
  }

  @Test("a feed holds back by the group's lag, and goes on as the group commits", arguments: BrokerKind.available)
  func followsGroup(kind: BrokerKind) async throws {
    let topic = try await Brokers.shared.makeTopic(kind, partitions: 2)
    let group = "group-\(topic.name)"
    let feeder = try Feeder(
      configuration: topic.configuration, topic: topic.name,
      limits: FeedLimits(lagRecordsMax: 200, group: group))
    var batch = KafkaBatch()
    for index in 0..<1000 { batch.append(key: "\(index)", value: "\(index)") }
    let all = batch
    let feeding = Task {
      try await feeder.publish(all)
      return try await feeder.finish(until: .after(.seconds(20)))
    }
    try await withConsumer(topic, group: group) { consumer in
      try await consumer.assign([0: .earliest, 1: .earliest])
      var seen: [Int32: Int64] = [0: 0, 1: 0]
      var total = 0
      let deadline = Deadline.after(.seconds(40))
      while total < 1000, !deadline.hasPassed {
        let records = try await consumer.read([0, 1], count: 50, until: .after(.seconds(2)))
        for record in records { seen[record.partition] = record.offset + 1 }
        total += records.count
        let ends = await [consumer.knownHighWatermark(0), consumer.knownHighWatermark(1)].compactMap { $0 }.reduce(0, +)
        #expect(ends <= total - records.count + 200, "never more than 200 ahead of what was committed")
        try await consumer.commit(seen)
      }
      #expect(total == 1000)
    }
    let summary = try await feeding.value
    #expect(summary.records == 1000 && summary.delivered == 1000)
    #expect(summary.heldBack > .zero)
    await feeder.close()
  }

  @Test("what was queued before a record that is refused is counted, and arrives")
  func countsBeforeRefusal() async throws {
    let topic = try await Brokers.shared.makeTopic(.development, partitions: 1)
    let feeder = try Feeder(configuration: topic.configuration(["message.max.bytes": "2000"]), topic: topic.name)
    var batch = KafkaBatch()
    for bytes in [10, 10, 3000, 10] { batch.append(key: "k", value: String(repeating: "v", count: bytes)) }
    let all = batch
    let error = await #expect(throws: KafkaError.self) { try await feeder.publish(all) }
    #expect(error?.code == .messageTooLarge)
    let summary = try await feeder.finish(until: .after(.seconds(20)))
    #expect(summary.records == 2 && summary.delivered == 2)
    let position = await feeder.progress()
    #expect(position.queued == 2 && position.delivered == 2 && position.failed == 0)
    await feeder.close()
  }

  @Test("a feed at a rate takes its time", arguments: [BrokerKind.development])
  func takesItsTime(kind: BrokerKind) async throws {
    let topic = try await Brokers.shared.makeTopic(kind, partitions: 1)
    let start = ContinuousClock.now
    let feeder = try Feeder(
      configuration: topic.configuration, topic: topic.name, limits: FeedLimits(ratePerSecond: 1000))
    var batch = KafkaBatch()
    for index in 0..<500 { batch.append(key: "\(index)", value: "v") }
    try await feeder.publish(batch)
    let summary = try await feeder.finish(until: .after(.seconds(10)))
    #expect(start.duration(to: .now) >= .milliseconds(495))
    #expect(summary.records == 500 && summary.bytes == Int64(batch.payloadBytes))
    await feeder.close()
  }
}
