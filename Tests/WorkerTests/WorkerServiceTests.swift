import Evaluation
import Foundation
import Kafka
import Membership
import Pipelines
import Registry
import Telemetry
import TestKit
import Testing
import Vocabulary
import Worker

/// A database, a broker in memory and a fed topic.
struct ServiceRig {
  let database: TestDatabase
  let broker: DevBroker
  let registry: Registry
  let pipeline: Pipeline

  static let topic = "small"

  /// - Parameter records: JSON texts; one in fifty is refused.
  static func make(records: Int, _ change: (inout Pipeline) -> Void = { _ in }) async throws -> ServiceRig {
    let database = try TestDatabase.fresh()
    let broker = try DevBroker(topics: [topic: 4, topic + ".dead-letter": 1])
    let pipeline = smallPipeline { pipeline in
      pipeline.source.brokers = broker.bootstrap
      pipeline.checkpoint.every = .milliseconds(300)
      change(&pipeline)
    }
    let registry = try await Registry.open(
      uri: database.uri, applicationName: "rig", deadline: .after(.seconds(20)))
    _ = try await registry.migrate()
    let producer = try KafkaProducer(configuration: KafkaConfiguration(brokers: broker.bootstrap))
    for number in 0..<records {
      let text = number % 50 == 7 ? "{\"a\":NaN}" : Self.record(number)
      try await producer.send(
        topic: topic, partition: Int32(number % 4), key: nil, value: Array(text.utf8), until: .after(.seconds(10)))
    }
    try await producer.flush(until: .after(.seconds(20)))
    await producer.close()
    return ServiceRig(database: database, broker: broker, registry: registry, pipeline: pipeline)
  }

  static func record(_ number: Int) -> String {
    var random = SplitMix64(seed: UInt64(number))
    let (a, b) = (random.nextUnit() * 2 - 1, random.nextUnit() * 2 - 1)
    return "{\"a\":\(a),\"b\":\(b),\"c\":\"c\(random.next() % 5)\",\"y\":\(a + b > 0 ? 1 : 0)}"
  }

  func register(workers: Int, until: String?) async throws -> PipelineRecord {
    try await registry.register(
      pipeline: pipeline.name, specification: "name: small", desiredWorkers: workers, until: until)
  }

  /// Publishes texts to one partition; nil is a tombstone.
  func publish(_ texts: [String?], partition: Int32) async throws {
    let producer = try KafkaProducer(configuration: KafkaConfiguration(brokers: broker.bootstrap))
    for text in texts {
      try await producer.send(
        topic: Self.topic, partition: partition, key: [1], value: text.map { Array($0.utf8) },
        until: .after(.seconds(10)))
    }
    try await producer.flush(until: .after(.seconds(20)))
    await producer.close()
  }

  func worker(_ id: String, of other: Pipeline? = nil, finalPatience: Duration = .seconds(10)) -> WorkerService {
    WorkerService(
      pipeline: other ?? pipeline, database: DatabaseLocation(uri: database.uri), brokers: broker.bootstrap,
      memberID: id,
      finalPatience: finalPatience, logger: Logger(label: id, level: .warning, sink: .standardError(.text)))
  }

  /// Runs so many workers to their end.
  func runWorkers(_ count: Int, prefix: String) async throws -> [WorkerOutcome] {
    try await withThrowingTaskGroup(of: WorkerOutcome.self) { group in
      for number in 0..<count {
        let service = worker("\(prefix)-\(number)")
        group.addTask { try await service.run() }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  func close() async {
    await registry.close()
    broker.close()
  }
}

@Suite("Worker service", .serialized)
struct WorkerServiceTests {
  @Test("workers learn a topic to its end, and the audit finds every record once", arguments: [1, 2])
  func toTheEnd(workers: Int) async throws {
    let rig = try await ServiceRig.make(records: 2000)
    let record = try await rig.register(workers: workers, until: "end")
    let outcomes = try await rig.runWorkers(workers, prefix: "w")
    #expect(outcomes.allSatisfy { $0 == .finished })
    let audit = try await rig.registry.audit(pipeline: record.id, checkpoint: nil, version: nil, ledger: false)
    #expect(audit.consumed == 2000)
    #expect(audit.trained == 1960)
    #expect(audit.rejectedByReason[RejectReason.malformed.rawValue] == 40)
    #expect(audit.lost == 0)
    #expect(audit.duplicated == 0)
    #expect(audit.problems.isEmpty, "\(audit.problems)")
    let newest = try #require(try await rig.registry.newestCheckpoint(pipeline: record.id))
    #expect(newest.metrics.auc ?? 0 > 0.8)
    #expect(newest.nonFiniteParameter == nil)
    #expect(try await !rig.registry.layerHealth(checkpoint: newest.id).isEmpty)
    await rig.close()
  }

  @Test("refused records are in the dead-letter topic with their place and reason")
  func deadLetters() async throws {
    let rig = try await ServiceRig.make(records: 500)
    _ = try await rig.register(workers: 1, until: "end")
    _ = try await rig.runWorkers(1, prefix: "w")
    let consumer = try KafkaConsumer(
      configuration: KafkaConfiguration(brokers: rig.broker.bootstrap), group: "reader",
      topic: ServiceRig.topic + ".dead-letter")
    try await consumer.assign([0: .earliest])
    let deadline = Deadline.after(.seconds(20))
    var places: Set<String> = []
    while places.count < 10, !deadline.hasPassed {
      places.formUnion(
        try await consumer.perform { consumer in
          var found: Set<String> = []
          _ = try consumer.pollAny(partitions: [0: 100], waitUpTo: .milliseconds(100)) { _, record in
            let headers = Dictionary(
              record.headers.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }, uniquingKeysWith: { $1 })
            if headers["retrain.reason"] == "malformed", String(decoding: record.value, as: UTF8.self) == "{\"a\":NaN}"
            {
              found.insert(
                "\(headers["retrain.topic"] ?? "")/\(headers["retrain.partition"] ?? "")/\(headers["retrain.offset"] ?? "")"
              )
            }
          }
          return found
        })
    }
    await consumer.close()
    #expect(places == Set((0..<10).map { "small/\(($0 * 50 + 7) % 4)/\(($0 * 50 + 7) / 4)" }))
    await rig.close()
  }

  @Test("stopped in mid-stream and started with another number of workers, every record is still learned once")
  func stopAndResume() async throws {
    let rig = try await ServiceRig.make(records: 4000)
    let record = try await rig.register(workers: 2, until: "steps:60")
    _ = try await rig.runWorkers(2, prefix: "first")
    let half = try #require(try await rig.registry.newestCheckpoint(pipeline: record.id))
    #expect(half.step == 60)
    _ = try await rig.register(workers: 1, until: "end")
    _ = try await rig.runWorkers(1, prefix: "second")
    let audit = try await rig.registry.audit(pipeline: record.id, checkpoint: nil, version: nil, ledger: false)
    #expect(audit.trained == 3920)
    #expect(audit.consumed == 4000)
    #expect(audit.problems.isEmpty, "\(audit.problems)")
    await rig.close()
  }

  @Test("a worker that joins a running group brings it to a new generation without losing a step")
  func joins() async throws {
    let rig = try await ServiceRig.make(records: 4000)
    let record = try await rig.register(workers: 1, until: nil)
    async let first = rig.worker("first").run()
    let deadline = Deadline.after(.seconds(30))
    while try await rig.registry.newestCheckpoint(pipeline: record.id) == nil, !deadline.hasPassed {}
    try await rig.registry.setDesiredWorkers(2, pipeline: record.id)
    async let second = rig.worker("second").run()
    var world = 0
    while world < 2, !deadline.hasPassed {
      world = try await rig.registry.currentPlan(pipeline: record.id)?.worldSize ?? 0
    }
    #expect(world == 2)
    try await rig.registry.setDesiredState(.stopped, pipeline: record.id)
    #expect(try await first == .stopped)
    #expect(try await second == .stopped)
    let audit = try await rig.registry.audit(pipeline: record.id, checkpoint: nil, version: nil, ledger: false)
    #expect(audit.problems.isEmpty, "\(audit.problems)")
    #expect(audit.trained > 0)
    await rig.close()
  }
}
