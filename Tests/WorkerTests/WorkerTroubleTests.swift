import Foundation
import Kafka
import Pipelines
import Postgres
import Registry
import Telemetry
import TestKit
import Testing
import Vocabulary
import Worker

@Suite("A worker in trouble", .serialized)
struct WorkerTroubleTests {
  /// Values are learned, and one label in `every` is too large for its loss.
  private func poisonedRig(records: Int, every: Int) async throws -> ServiceRig {
    let rig = try await ServiceRig.make(records: 0) { pipeline in
      pipeline.model.task = .regression
      pipeline.training.nonFiniteBudget = 20
    }
    let producer = try KafkaProducer(configuration: KafkaConfiguration(brokers: rig.broker.bootstrap))
    for number in 0..<records {
      let text = "{\"a\":0.5,\"b\":0.25,\"c\":\"c1\",\"y\":\(number % every == 0 ? "3e38" : "1")}"
      try await producer.send(
        topic: ServiceRig.topic, partition: Int32(number % 4), key: nil, value: Array(text.utf8),
        until: .after(.seconds(10)))
    }
    try await producer.flush(until: .after(.seconds(20)))
    await producer.close()
    return rig
  }

  private func deadLetters(_ rig: ServiceRig, atLeast count: Int) async throws -> Set<String> {
    let consumer = try KafkaConsumer(
      configuration: KafkaConfiguration(brokers: rig.broker.bootstrap), group: "reader",
      topic: ServiceRig.topic + ".dead-letter")
    try await consumer.assign([0: .earliest])
    let deadline = Deadline.after(.seconds(10))
    var places: Set<String> = []
    while places.count < count, !deadline.hasPassed {
      places.formUnion(
        try await consumer.perform { consumer in
          var found: Set<String> = []
          _ = try consumer.pollAny(partitions: [0: 100], waitUpTo: .milliseconds(100)) { _, record in
            let headers = Dictionary(
              record.headers.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }, uniquingKeysWith: { $1 })
            guard record.value.count > 20 else { return }
            found.insert("small/\(headers["retrain.partition"] ?? "")/\(headers["retrain.offset"] ?? "")")
          }
          return found
        })
    }
    await consumer.close()
    return places
  }

  @Test(
    "every quarantined record has its incident and its dead letter, at a halt and in a short run",
    arguments: [(400, 2), (400, 40)])
  func quarantine(records: Int, every: Int) async throws {
    let rig = try await poisonedRig(records: records, every: every)
    let record = try await rig.register(workers: 1, until: "end")
    let outcome = try await rig.runWorkers(1, prefix: "w")[0]
    if every == 2 {
      #expect(outcome != .finished && outcome != .stopped)
      #expect(try await rig.registry.pipeline(record.id)?.halted != nil)
    } else {
      #expect(outcome == .finished)
    }
    let newest = try #require(try await rig.registry.newestCheckpoint(pipeline: record.id))
    let count = Int(newest.rejected[.nonFinite] ?? 0)
    #expect(count >= records / every || count > 20)
    let incidents = try await rig.registry.incidents(pipeline: record.id, limit: 1000)
    let places = Set(incidents.flatMap(\.positions).map { "\($0)" })
    #expect(places.count == count)
    #expect(try await deadLetters(rig, atLeast: count) == places)
    await rig.close()
  }

  /// Has every insertion into a table fail with an SQLSTATE, as a server on a full disk would.
  private func refuseCheckpoints(_ rig: ServiceRig, _ state: String) throws {
    try rig.database.session().script(
      """
      CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '\(state)'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON checkpoints FOR EACH ROW EXECUTE FUNCTION refuse();
      """)
  }

  @Test("a full disk is told in the status and as an incident, once; then the newest state is written and it is over")
  func diskFull() async throws {
    let rig = try await ServiceRig.make(records: 4000)
    let record = try await rig.register(workers: 1, until: nil)
    try refuseCheckpoints(rig, "53100")
    let service = rig.worker("w")
    async let outcome = service.run()
    let deadline = Deadline.after(.seconds(40))
    var told: [String] = []
    var open: [IncidentRecord] = []
    while told.isEmpty || open.isEmpty, !deadline.hasPassed {
      told = try await rig.registry.members(pipeline: record.id).flatMap { $0.status?.troubles ?? [] }
      open = try await rig.registry.incidents(pipeline: record.id, limit: 10)
    }
    #expect(told.count == 1 && told[0].contains("no room left on its disk"), "\(told)")
    #expect(open.map(\.kind) == ["database_disk_full"])
    #expect(open.first?.severity == .error && open.first?.closedAt == nil)
    var trained: Int64 = 0
    while trained < 3920, !deadline.hasPassed {
      trained = try await rig.registry.members(pipeline: record.id).compactMap { $0.status?.trained }.max() ?? 0
    }
    #expect(trained == 3920, "learning goes on")
    #expect(try await rig.registry.newestCheckpoint(pipeline: record.id) == nil)
    try rig.database.session().script("DROP TRIGGER refuse ON checkpoints")
    var closed: [IncidentRecord] = []
    while closed.first?.closedAt == nil, !deadline.hasPassed {
      closed = try await rig.registry.incidents(pipeline: record.id, limit: 10)
    }
    #expect(closed.count == 1)
    service.requestStop()
    #expect(try await outcome == .stopped)
    let audit = try await rig.registry.audit(pipeline: record.id, checkpoint: nil, version: nil, ledger: false)
    #expect(audit.problems.isEmpty && audit.trained == 3920, "\(audit.problems)")
    await rig.close()
  }

  /// Waits until a worker has told that it consumed so many.
  private func consume(_ records: Int64, of pipeline: PipelineRecord, _ rig: ServiceRig) async throws {
    let deadline = Deadline.after(.seconds(30))
    var consumed: Int64 = 0
    while consumed < records, !deadline.hasPassed {
      let status = try await rig.registry.members(pipeline: pipeline.id).compactMap(\.status).first
      consumed = (status?.trained ?? 0) + (status?.rejected ?? 0)
    }
  }

  @Test("a stop that finds no way to write the final checkpoint says how many records are in none")
  func unsaved() async throws {
    let rig = try await ServiceRig.make(records: 400)
    let record = try await rig.register(workers: 1, until: nil)
    try refuseCheckpoints(rig, "25006")
    let service = rig.worker("w", finalPatience: .milliseconds(200))
    async let outcome = service.run()
    try await consume(400, of: record, rig)
    service.requestStop()
    do {
      _ = try await outcome
      Issue.record("it ended as if all were well")
    } catch let error as WorkerError {
      #expect(error.description.contains("400 records"), "\(error)")
      #expect(error.description.contains("read-only"), "\(error)")
    }
    await rig.close()
  }

  @Test("a final checkpoint that comes after a newer generation began is told as what it is: not written")
  func fenced() async throws {
    let rig = try await ServiceRig.make(records: 400)
    let record = try await rig.register(workers: 1, until: nil)
    // Seen by the transaction that saves, and undone with it.
    try rig.database.session().script(
      """
      CREATE FUNCTION overtake() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN UPDATE pipelines SET generation = generation + 1 WHERE id = NEW.pipeline_id; RETURN NEW; END $$;
      CREATE TRIGGER overtake BEFORE INSERT ON checkpoints FOR EACH ROW EXECUTE FUNCTION overtake();
      """)
    let service = rig.worker("w")
    async let outcome = service.run()
    try await consume(400, of: record, rig)
    service.requestStop()
    do {
      _ = try await outcome
      Issue.record("it ended as if all were well")
    } catch let error as WorkerError {
      #expect(error.description.contains("400 records") && error.description.contains("newer generation"), "\(error)")
    }
    #expect(try await rig.registry.newestCheckpoint(pipeline: record.id) == nil)
    await rig.close()
  }
}
