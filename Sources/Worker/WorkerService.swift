import Confinement
import Foundation
import Ingest
import Kafka
import Pipelines
import Registry
import Telemetry
import Vocabulary

/// How a worker's run ended.
public enum WorkerOutcome: Sendable, Equatable {
  /// What the run was asked for is done.
  case finished
  /// Somebody asked for a stop; the final checkpoint is written.
  case stopped
  /// The lineage was halted, and why.
  case halted(String)
}

/// A streaming worker: consumes, predicts, learns in step with its peers, and checkpoints as the leader.
///
/// The arithmetic runs on one dedicated thread; tasks beside it feed it records, write its checkpoints and tell the
/// registry how it does.
public actor WorkerService {
  private let pipeline: Pipeline
  private let databaseURI: String
  private let brokers: String
  private let memberID: String
  private let listenAddress: String
  private let logger: Logger
  private nonisolated let board = ControlBoard()

  /// - Parameters:
  ///   - brokers: Used when the pipeline names none.
  ///   - memberID: Unique to this process start.
  ///   - listenAddress: Where peers connect; port 0 takes a free one.
  public init(
    pipeline: Pipeline, databaseURI: String, brokers: String, memberID: String,
    listenAddress: String = "127.0.0.1:0", logger: Logger
  ) {
    self.pipeline = pipeline
    self.databaseURI = databaseURI
    self.brokers = brokers
    self.memberID = memberID
    self.listenAddress = listenAddress
    self.logger = logger
  }

  /// Asks the whole group to stop after the step in hand, with a final checkpoint. Any thread, any number of times.
  public nonisolated func requestStop() { board.wish { $0.stop = true } }

  /// Works until the lineage ends, a stop is asked for, or a door stays shut.
  public func run() async throws -> WorkerOutcome {
    let registry = try await Registry.open(
      uri: databaseURI, applicationName: "retrain-worker", deadline: .after(.seconds(30)))
    let outcome = try await closing(registry) { try await self.work(with: registry) }
    return outcome
  }

  private func closing<Value: Sendable>(_ registry: Registry, _ body: () async throws -> Value) async throws -> Value {
    do {
      let value = try await body()
      await registry.close()
      return value
    } catch {
      await registry.close()
      throw error
    }
  }

  private func work(with registry: Registry) async throws -> WorkerOutcome {
    guard let record = try await registry.pipeline(named: pipeline.name) else {
      throw WorkerError.unknownPipeline(pipeline.name)
    }
    // Before the first step: a run for so many steps must not overshoot.
    board.wish { $0.follow(record) }
    let configuration = KafkaConfiguration(
      brokers: pipeline.source.brokers ?? brokers, properties: pipeline.source.librdkafka,
      clientID: "retrain-\(pipeline.name)")
    let admin = try KafkaAdmin(configuration: configuration)
    let partitionCount = Int(
      try await admin.partitionCount(topic: pipeline.source.topic, until: .after(.seconds(30))))
    await admin.close()
    let consumer = try KafkaConsumer(
      configuration: configuration, group: pipeline.source.consumerGroup ?? "retrain.\(pipeline.name)",
      topic: pipeline.source.topic, queueBytesMax: pipeline.source.queueBytesMax)
    let deadLetters = DeadLetters(configuration: configuration, topic: pipeline.source.effectiveDeadLetterTopic)
    let news = StreamNews()
    let (board, logger) = (board, logger)
    let watch = StreamWatch(
      registry: registry, pipelineID: record.id, stream: record.stream, topic: pipeline.source.topic,
      configuration: configuration, news: news, logger: logger)
    let fields = DeclaredField.all(pipeline.schema, heads: pipeline.heads)
    let resources = WorkerResources(
      pipeline: pipeline, pipelineID: record.id, memberID: memberID, registry: registry, consumer: consumer,
      partitionCount: partitionCount, kafka: configuration, deadLetters: deadLetters, stream: record.stream,
      skipsLost: pipeline.source.onLost == .skip || record.skipsLost, news: news,
      watch: watch,
      checkpoints: CheckpointWriter(
        registry: registry, pipelineID: record.id, consumer: consumer, deadLetters: deadLetters, watch: watch,
        fields: fields, logger: logger, failReading: { board.failReading($0, logger: logger) }),
      board: board, shadow: StableShadow(), quarantine: Quarantine(topic: pipeline.source.topic), fields: fields,
      examples: FieldExamples(), logger: logger)
    let beats = WorkerHeartbeat(resources: resources)
    let heartbeat = Task { await beats.run() }
    let watching = Task { await watch.run { board.failReading($0, logger: logger) } }
    var result: Result<WorkerOutcome, any Error>
    do {
      let address = listenAddress
      result = .success(
        try await onDedicatedThread(named: "train") {
          try TrainingThread(resources: resources, listenAddress: address).run()
        })
    } catch {
      result = .failure(error)
    }
    heartbeat.cancel()
    watching.cancel()
    await heartbeat.value
    await watching.value
    if board.currentFacts.readingFailure == nil { await renewMarks(resources) }
    if case .success(let outcome) = result, outcome == .stopped || outcome == .finished,
      let reason = board.currentFacts.readingFailure
    {
      result = .success(.halted(reason))
    }
    if case .success(.halted(let reason)) = result {
      try? await registry.halt(pipeline: record.id, reason: reason)
    }
    try? await registry.leave(pipeline: record.id, member: memberID)
    try? await deadLetters.deliver(until: .after(.seconds(10)))
    try? await beats.tellStreamNews(isLast: true)
    await consumer.close()
    await deadLetters.close()
    return try result.get()
  }

  /// A last look: runs may be shorter than the time between two.
  private func renewMarks(_ resources: WorkerResources) async {
    do { try await resources.watch.renew(until: .after(.seconds(5))) } catch let error as StreamError {
      board.failReading(error, logger: logger)
    } catch {
      logger.debug("the stream's marks could not be renewed", [.error: LogValue(describing: error)])
    }
  }
}

/// What keeps a worker from working.
public enum WorkerError: Error, CustomStringConvertible {
  case unknownPipeline(String)

  public var description: String {
    switch self {
    case .unknownPipeline(let name):
      "no pipeline '\(name)' in the registry: 'retrainctl start FILE' registers it"
    }
  }
}
