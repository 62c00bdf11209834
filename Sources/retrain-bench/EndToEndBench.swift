import Collectives
import Confinement
import Evaluation
import Foundation
import Ingest
import Kafka
import Learning
import Pipelines
import Tensors
import Vocabulary
import Worker

extension Workload {
  /// Records of 64 numbers from a broker to an updated model, decode and step overlapped, one worker: records a second.
  static let endToEnd = Workload(
    name: "end-to-end",
    summary: "learn from Kafka (RETRAIN_KAFKA_BROKERS, KAFKA_HOME or in memory): records a second",
    flags: EndToEndBench.streamFlags + [
      BenchFlag("samples", "n", "5", "Runs to measure."),
      BenchFlag(
        "serve", "yes|no", "no", "For comparisons: tells where the topic is, and runs once a line of standard input."),
    ]
  ) { options in
    // For comparisons: tells where the topic is, and runs once for each line of standard input.
    let samples = try options.flag("serve") ? nil : try options.int("samples")
    try EndToEndBench.withBroker(options) { try await $0.run(samples: samples, broker: $1) }?.emit()
  }
}

extension EndToEndBench {
  /// What describes the topic of `withBroker`.
  static let streamFlags = [
    BenchFlag(
      "records", "n", nil, "Records in the topic. Without it 300000; 12000 where the broker is the one in memory."),
    BenchFlag("batch", "records", "256", "Records a step; a multiple of 4."),
  ]

  /// A broker as long as something is measured with it.
  ///
  /// - Parameter measure: Gets what kind of broker it is too.
  static func withBroker<Result: Sendable>(
    _ options: BenchOptions, _ measure: @escaping @Sendable (EndToEndBench, String) async throws -> Result
  ) throws -> Result {
    let environment = ProcessInfo.processInfo.environment
    let external = environment["RETRAIN_KAFKA_BROKERS"]
    let kafkaHome = environment["KAFKA_HOME"].flatMap { $0.isEmpty ? nil : $0 }
    // The broker in memory keeps 5 MB a partition.
    let fits = external == nil && kafkaHome == nil ? 12_000 : 300_000
    let (records, batch) = (try options.int("records", default: fits), try options.int("batch"))
    guard batch % partitions == 0 else { throw BenchError("--batch is a multiple of 4") }
    guard records <= fits || external != nil else { throw BenchError("this broker takes \(fits) records at most") }
    return try blockingAwait(until: .after(.seconds(1800))) {
      let broker = try await BenchBroker.start(external: external, kafkaHome: kafkaHome)
      do {
        let result = try await measure(
          EndToEndBench(brokers: broker.bootstrap, records: records, batch: batch), broker.kind)
        await broker.stop()
        return result
      } catch {
        await broker.stop()
        throw error
      }
    }
  }
}

/// A broker for one run.
enum BenchBroker: Sendable {
  case external(String)
  case memory(DevBroker)
  case apache(ApacheBroker, directory: String)

  static func start(external: String?, kafkaHome: String?) async throws -> BenchBroker {
    if let external { return .external(external) }
    guard let kafkaHome else {
      return .memory(try DevBroker(topics: [EndToEndBench.topic: Int32(EndToEndBench.partitions)]))
    }
    let directory = FileManager.default.temporaryDirectory.path + "/retrain-bench-\(getpid())"
    return .apache(
      try await ApacheBroker.start(home: kafkaHome, directory: directory, deadline: .after(.seconds(60))),
      directory: directory)
  }

  var bootstrap: String {
    switch self {
    case .external(let brokers): brokers
    case .memory(let broker): broker.bootstrap
    case .apache(let broker, _): broker.bootstrap
    }
  }

  var kind: String {
    switch self {
    case .external: "external"
    case .memory: "memory"
    case .apache: "apache"
    }
  }

  func stop() async {
    switch self {
    case .external: break
    case .memory(let broker): broker.close()
    case .apache(let broker, let directory):
      try? broker.stop(deadline: .after(.seconds(20)))
      try? FileManager.default.removeItem(atPath: directory)
    }
  }
}

/// The learner W1 (64 → 256 → 128 → 1) on a topic of four partitions.
struct EndToEndBench: Sendable {
  static let topic = "retrain-bench"
  static let partitions = 4

  let brokers: String
  let records: Int
  let batch: Int

  var configuration: KafkaConfiguration { KafkaConfiguration(brokers: brokers) }
  private var share: Int { batch / Self.partitions }

  var pipeline: Pipeline {
    var model = ModelSettings(task: .binary)
    model.hidden = [256, 128]
    var training = TrainingSettings()
    training.recordsPerPartition = share
    // Full steps only, so that every run and the reference take the same ones.
    training.reproducible = true
    var checkpoint = CheckpointSettings()
    checkpoint.everySteps = .max / 2
    checkpoint.every = .seconds(86_400)
    return Pipeline(
      name: "bench", source: SourceSettings(topic: Self.topic),
      schema: FeatureSchema(
        label: LabelSettings(path: "y"),
        features: (0..<IngestBench.width).map { FeatureSettings(name: IngestBench.name($0), type: .float) }),
      model: model, training: training, checkpoint: checkpoint, health: HealthSettings(), rollout: RolloutSettings(),
      serving: ServingSettings())
  }

  /// - Parameter samples: nil: one for each line of standard input, answered with its rate; no report.
  func run(samples: Int?, broker: String) async throws -> BenchReport? {
    let lines = IngestBench.generated(count: records, isNested: false, digits: 6)
    try await feed(lines)
    let expected = try await onDedicatedThread(named: "reference") { try reference(lines) }
    // The first run warms the broker's cache.
    _ = try await rate(expected: expected)
    guard let samples else {
      print("ready \(brokers) \(Self.topic)")
      fflush(nil)
      while readLine() != nil {
        print(try await rate(expected: expected))
        fflush(nil)
      }
      return nil
    }
    var rates: [Double] = []
    for _ in 0..<samples { rates.append(try await rate(expected: expected)) }
    return BenchReport(
      workload: "end-to-end",
      params: [
        "net": "W1", "batch": "\(batch)", "records": "\(records)", "partitions": "\(Self.partitions)", "broker": broker,
        "bytes": "\(lines.map(\.count).reduce(0, +) / max(1, lines.count))", "workers": "1",
      ], samples: rates, unit: "records/s")
  }

  private func rate(expected: [UInt8]) async throws -> Double {
    let (seconds, state) = try await learn { _ in }
    guard state == expected else { throw BenchError("the model learned from the broker is not the reference's") }
    return Double(records) / seconds
  }

  func feed(_ lines: [[UInt8]]) async throws {
    let admin = try KafkaAdmin(configuration: configuration)
    _ = try await admin.createTopic(Self.topic, partitions: Int32(Self.partitions), until: .after(.seconds(30)))
    await admin.close()
    let producer = try KafkaProducer(configuration: configuration)
    try await producer.perform { producer in
      for (number, line) in lines.enumerated() {
        try line.withUnsafeBytes { bytes in
          try producer.enqueue(
            topic: Self.topic, partition: Int32(number % Self.partitions), key: nil, value: bytes,
            until: .after(.seconds(60)))
        }
      }
    }
    try await producer.flush(until: .after(.seconds(120)))
    await producer.close()
  }

  /// The same records through decoder and learner alone.
  func reference(_ lines: [[UInt8]]) throws -> [UInt8] {
    prepareArithmeticThread()
    let learner = Learner(spec: LearnerSpec(pipeline), batchCapacity: batch)
    let decoder = RecordDecoder(schema: pipeline.schema, task: .binary, recordBytesMax: 1_000_000)
    let rows = FeatureBatch(capacity: batch, numberCount: IngestBench.width, categoryCount: 0)
    // As the loop does where steps are reproducible.
    learner.summation = .byPartition(PartitionTree(count: Self.partitions), stretch: 0..<Self.partitions)
    var parts = BatchParts()
    var attachment: [UInt8] = []
    var time = 0.0
    var next = [Int](repeating: 0, count: Self.partitions)
    while true {
      rows.count = 0
      parts.removeAll()
      for partition in 0..<Self.partitions {
        var taken = 0
        while taken < share, next[partition] * Self.partitions + partition < lines.count {
          let line = lines[next[partition] * Self.partitions + partition]
          let outcome = line.withUnsafeBytes { bytes in
            withUnsafeMutablePointer(to: &time) { time in
              decoder.decode(bytes, into: ExampleSlot(row: rows.count, of: rows, eventTime: time))
            }
          }
          guard outcome == .example else { throw BenchError("a record of the bench is refused") }
          rows.count += 1
          next[partition] += 1
          taken += 1
        }
        if taken > 0 { parts.append(partition: partition, rows: taken) }
      }
      guard rows.count > 0 else { return learner.encodeState() }
      learner.predict(rows)
      let local = learner.backward(rows, parts: parts)
      attachment.removeAll(keepingCapacity: true)
      learner.appendAttachment(to: &attachment)
      try attachment.withUnsafeBytes { try learner.absorb(attachments: [$0]) }
      _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
    }
  }

  /// One run over the whole topic by the worker's own loop: seconds from the assignment to the last step, and the state.
  ///
  /// - Parameters:
  ///   - keepsLedger: As `training.ledger`.
  ///   - submit: Gets what a checkpoint would hold, at the end.
  func learn(
    keepsLedger: Bool = false, submit: @escaping @Sendable (Snapshot) -> Void
  ) async throws -> (seconds: Double, state: [UInt8]) {
    let consumer = try KafkaConsumer(configuration: configuration, group: "retrain-bench", topic: Self.topic)
    let board = ControlBoard()
    board.wish { $0.stopsAtEnd = true }
    let fields = DeclaredField.all(pipeline.schema, heads: pipeline.heads)
    let buffers = (0..<Int32(Self.partitions)).map { partition in
      PartitionBuffer(
        partition: partition, capacity: 8192, numberCount: IngestBench.width, categoryCount: 0,
        fieldCount: fields.count, nextOffset: 0
      ) { board.wakeUp.raise() }
    }
    let start = ContinuousClock.now
    let assignment = try await consumer.assign(
      Dictionary(uniqueKeysWithValues: buffers.map { ($0.partition, .offset(0)) }))
    let pump = Task {
      let decoder = RecordDecoder(schema: pipeline.schema, task: .binary, recordBytesMax: 1_000_000)
      try await RecordPump(
        consumer: consumer, deadLetters: DeadLetters(configuration: configuration, topic: "unused"), topic: Self.topic,
        fields: fields
      ).run(buffers: buffers, decoder: decoder, assignment: assignment)
    }
    let state = try await onDedicatedThread(named: "train") { try steps(buffers, board: board, keepsLedger, submit) }
    let seconds = (ContinuousClock.now - start).seconds
    pump.cancel()
    _ = await pump.result
    await consumer.close()
    return (seconds, state)
  }

  private func steps(
    _ buffers: [PartitionBuffer], board: ControlBoard, _ keepsLedger: Bool, _ submit: @escaping (Snapshot) -> Void
  ) throws -> [UInt8] {
    prepareArithmeticThread()
    var pipeline = pipeline
    pipeline.training.ledger = keepsLedger
    let learner = Learner(spec: LearnerSpec(pipeline), batchCapacity: batch)
    let rows = FeatureBatch(capacity: batch, numberCount: IngestBench.width, categoryCount: 0)
    let gear = StepLoop.Gear(
      learner: learner,
      shares: StepShares(buffers: buffers, batch: rows, deal: pipeline.deal(partitions: Self.partitions)),
      account: StepAccount(rowsMax: share, outputCount: 1, fieldCount: buffers[0].fieldCount, task: .binary),
      frozen: FrozenPredictions(source: FrozenVersions(), task: .binary, batchCapacity: batch),
      quarantine: Quarantine(topic: Self.topic),
      sum: GroupSum(isReproducible: true, worldSize: 1, partitionCount: Self.partitions),
      sampler: RowSampler(pipeline, outputCount: 1))
    let loop = StepLoop(
      pipeline: pipeline, collective: SoloCollective(generation: Generation(1)), gear: gear, board: board,
      state: TrainingState(
        task: .binary,
        progress: (0..<Int32(Self.partitions)).map { PartitionProgress(partition: $0, startOffset: 0) }),
      saving: StepLoop.Saving { submit($0) })
    guard try loop.run() == .finished, loop.state.trained == Int64(records) else {
      throw BenchError("\(loop.state.trained) of \(records) records were learned")
    }
    return learner.encodeState()
  }
}
