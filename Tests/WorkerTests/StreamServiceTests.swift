import Kafka
import Pipelines
import Registry
import Testing
import Vocabulary
import Worker

@Suite("Worker service and its stream", .serialized)
struct StreamServiceTests {
  /// More than the broker in memory keeps of a partition (5 MB): the oldest are gone.
  private func overflow(_ rig: ServiceRig, partition: Int32) async throws -> (first: Int64, end: Int64) {
    let pad = String(repeating: "p", count: 40_000)
    try await rig.publish(
      (0..<200).map { number in String(ServiceRig.record(number).dropLast()) + ",\"pad\":\"\(pad)\"}" },
      partition: partition)
    let admin = try KafkaAdmin(configuration: KafkaConfiguration(brokers: rig.broker.bootstrap))
    let deadline = Deadline.after(.seconds(20))
    let first = try await admin.firstOffsets(topic: ServiceRig.topic, until: deadline)[partition]
    let end = try await admin.endOffsets(topic: ServiceRig.topic, until: deadline)[partition]
    await admin.close()
    return (try #require(first), try #require(end))
  }

  @Test("a tombstone is passed over and counted; an empty value is a broken record")
  func tombstones() async throws {
    let rig = try await ServiceRig.make(records: 0)
    let record = try await rig.register(workers: 1, until: "end")
    try await rig.publish([nil, ServiceRig.record(1), nil, "", ServiceRig.record(2)], partition: 2)
    #expect(try await rig.runWorkers(1, prefix: "w") == [.finished])
    let audit = try await rig.registry.audit(pipeline: record.id)
    #expect(audit.consumed == 5 && audit.trained == 2 && audit.rejected == 3 && audit.isClean, "\(audit.problems)")
    #expect(audit.rejectedByReason["tombstone"] == 2 && audit.rejectedByReason["malformed"] == 1)
    let admin = try KafkaAdmin(configuration: KafkaConfiguration(brokers: rig.broker.bootstrap))
    let letters = try await admin.endOffsets(topic: ServiceRig.topic + ".dead-letter", until: .after(.seconds(20)))
    await admin.close()
    #expect(letters == [0: 1])
    await rig.close()
  }

  @Test("records that the broker removed halt the lineage with the ways on, and are skipped where that is allowed")
  func lost() async throws {
    let rig = try await ServiceRig.make(records: 100)
    let record = try await rig.register(workers: 1, until: "end")
    // Decided before the gap came, as by a worker that died early.
    _ = try await rig.registry.decideStreamStarts(pipeline: record.id, stream: 0, [0: 0, 1: 0, 2: 0, 3: 0])
    let (first, end) = try await overflow(rig, partition: 1)
    try #require(first > 0)
    guard case .halted(let reason) = try await rig.runWorkers(1, prefix: "stops").first else {
      Issue.record("not halted")
      return
    }
    #expect(reason.contains("offsets 0 to \(first - 1) of small/1"))
    #expect(reason.contains("--skip-lost") && reason.contains("on_lost: skip"))
    #expect(try await rig.registry.pipeline(record.id)?.halted == reason)
    _ = try await rig.registry.register(
      pipeline: rig.pipeline.name, specification: "name: small", desiredWorkers: 1, until: "end", skipsLost: true)
    #expect(try await rig.runWorkers(1, prefix: "skips") == [.finished])
    let audit = try await rig.registry.audit(pipeline: record.id)
    #expect(audit.isClean && audit.lost == 0, "\(audit.problems)")
    #expect(audit.lostByBroker == first)
    #expect(audit.partitions[1].consumed == end - first && audit.partitions[0].lostByBroker == 0)
    let incidents = try await rig.registry.incidents(pipeline: record.id, limit: 10)
    #expect(incidents.map(\.kind) == ["records_lost", "halted"])
    #expect(incidents.last?.closedAt != nil, "it was started again")
    #expect(incidents.first?.positions == [RecordPosition(topic: "small", partition: 1, offset: 0)])
    await rig.close()
  }

  @Test("a topic made anew is noticed though it is longer; in a new stream the model goes on, and the audit says so")
  func madeAnew() async throws {
    let old = try await ServiceRig.make(records: 400)
    let record = try await old.register(workers: 1, until: "end")
    #expect(try await old.runWorkers(1, prefix: "old") == [.finished])
    #expect(try await !old.registry.streamMarks(pipeline: record.id, stream: 0).isEmpty)
    // Going on in the same topic is no matter.
    try await old.publish((400..<500).map { ServiceRig.record($0) }, partition: 0)
    _ = try await old.register(workers: 1, until: "end")
    #expect(try await old.runWorkers(1, prefix: "same") == [.finished])
    let before = try #require(try await old.registry.newestCheckpoint(pipeline: record.id))

    let broker = try DevBroker(topics: [ServiceRig.topic: 4, ServiceRig.topic + ".dead-letter": 1])
    var pipeline = old.pipeline
    pipeline.source.brokers = broker.bootstrap
    let new = ServiceRig(database: old.database, broker: broker, registry: old.registry, pipeline: pipeline)
    for partition in Int32(0)..<4 {
      try await new.publish((1000..<1300).map { ServiceRig.record($0) }, partition: partition)
    }
    _ = try await new.register(workers: 1, until: "end")
    guard case .halted(let reason) = try await new.runWorkers(1, prefix: "new").first else {
      Issue.record("not halted")
      return
    }
    #expect(reason.contains("another record lies at offset") && reason.contains("--new-stream"))
    #expect(try await new.registry.newestCheckpoint(pipeline: record.id)?.progress == before.progress)

    let starts: [Int32: Int64] = [0: 0, 1: 0, 2: 0, 3: 0]
    #expect(try await new.registry.beginStream(pipeline: record.id, starts: starts) == 1)
    _ = try await new.register(workers: 1, until: "end")
    #expect(try await new.runWorkers(1, prefix: "stream") == [.finished])
    let audit = try await new.registry.audit(pipeline: record.id)
    #expect(audit.isClean && audit.notes.count == 4, "\(audit.problems) \(audit.notes)")
    #expect(audit.consumed == 500 + 1200)
    let after = try #require(try await new.registry.newestCheckpoint(pipeline: record.id))
    #expect(after.step > before.step && after.progress.allSatisfy { $0.stream == 1 && $0.nextOffset == 300 })
    await new.close()
    old.broker.close()
  }

  @Test("'latest' is decided before the first record: a worker that starts again skips nothing")
  func latest() async throws {
    let rig = try await ServiceRig.make(records: 200) { $0.source.start = .latest }
    let record = try await rig.register(workers: 1, until: "end")
    #expect(try await rig.runWorkers(1, prefix: "empty") == [.finished])
    // Nothing was learned, so there is no checkpoint; what comes now belongs to the lineage.
    #expect(try await rig.registry.newestCheckpoint(pipeline: record.id) == nil)
    try await rig.publish((0..<30).map { ServiceRig.record($0) }, partition: 0)
    _ = try await rig.register(workers: 1, until: "end")
    #expect(try await rig.runWorkers(1, prefix: "again") == [.finished])
    let audit = try await rig.registry.audit(pipeline: record.id)
    #expect(audit.consumed == 30 && audit.trained == 30 && audit.isClean)
    #expect(audit.partitions.map(\.startOffset) == [50, 50, 50, 50])
    await rig.close()
  }
}
