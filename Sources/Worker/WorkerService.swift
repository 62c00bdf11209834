import Collectives
import Confinement
import Foundation
import Ingest
import Kafka
import Learning
public import Pipelines
public import Registry
public import Telemetry
public import Vocabulary

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
  private let specification: String?
  private let database: DatabaseLocation
  private let brokers: String
  private let learning: RunID
  private let memberID: String
  private let listenAddress: String
  private let finalPatience: Duration
  private let contractPatience: Duration
  private let logger: Logger
  private let metrics: WorkerMetrics
  private let metricsAddress: HostPort?
  private nonisolated let board = ControlBoard()

  /// - Parameters:
  ///   - specification: The YAML text that the pipeline was read from; nil: it counts as what is registered.
  ///   - brokers: Used when the pipeline names none.
  ///   - run: Which of the pipeline's runs it works for.
  ///   - memberID: Unique to this process start.
  ///   - listenAddress: Where peers connect; port 0 takes a free one.
  ///   - finalPatience: How long the end waits for a database that does not take the final checkpoint.
  ///   - contractPatience: How long a worker of another contract than the registered one waits while nobody runs that.
  ///   - metrics: Where it counts and is asked.
  ///   - metricsAddress: Where whoever answers with them is reached: the group is told.
  public init(
    pipeline: Pipeline, specification: String? = nil, database: DatabaseLocation, brokers: String, run: RunID = .live,
    memberID: String,
    listenAddress: String = "127.0.0.1:0", finalPatience: Duration = .seconds(10),
    contractPatience: Duration = .seconds(300), metrics: MetricsRegistry = MetricsRegistry(),
    metricsAddress: HostPort? = nil, logger: Logger
  ) {
    self.pipeline = pipeline
    self.specification = specification
    self.database = database
    self.brokers = brokers
    learning = run
    self.memberID = memberID
    self.listenAddress = listenAddress
    self.finalPatience = finalPatience
    self.contractPatience = contractPatience
    self.metrics = WorkerMetrics(metrics, pipeline: pipeline.name)
    self.metricsAddress = metricsAddress
    self.metrics.follow(board, fields: DeclaredField.all(pipeline.schema, heads: pipeline.heads))
    self.logger = logger
  }

  /// Asks the whole group to stop after the step in hand, with a final checkpoint. Any thread, any number of times.
  public nonisolated func requestStop() { board.wish { $0.stop = true } }

  /// Whether it is in a generation, or was a moment ago and forms the next. Any thread.
  public nonisolated var isReady: Bool { board.currentFacts.generation != nil }

  /// Works until the lineage ends, a stop is asked for, or a door stays shut.
  public func run() async throws -> WorkerOutcome {
    let registry = try await Registry.open(
      at: database, applicationName: "retrain-worker", deadline: .after(.seconds(30)))
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
    let run = learning
    guard let known = try await registry.pipeline(named: pipeline.name),
      let record = try await registry.pipeline(known.id, run: run)
    else { throw WorkerError.unknownPipeline(pipeline.name) }
    let replay = run == .live ? nil : try await registry.replay(pipeline: record.id, run: run)
    try await registry.openFully()
    let followed = try await pipeline.following(registry, record.id, run: run)
    let lineage = try await registry.lineage(record.lineage, pipeline: record.id)
    let pipeline = followed.with(lineage?.overrides ?? .none)
    if let lineage { logger.notice("the lineage was begun from somewhere", [.reason: LogValue(lineage.sentence)]) }
    if let obstacle = LinkEncryption(pipeline.group.encryption).obstacle { throw WorkerError.noEncryption(obstacle) }
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
      configuration: configuration,
      group: (pipeline.source.consumerGroup ?? "retrain.\(pipeline.name)") + (replay.map { ".\($0.name)" } ?? ""),
      topic: pipeline.source.topic, queueBytesMax: pipeline.source.queueBytesMax)
    let deadLetters = DeadLetters(
      configuration: configuration, topic: pipeline.source.effectiveDeadLetterTopic, run: replay?.name)
    let news = StreamNews()
    let (board, logger) = (board, logger)
    let troubles = TroubleBook(
      registry: registry, pipelineID: record.id, memberID: memberID,
      opensIncidents: run == .live, logger: logger)
    let watch = StreamWatch(
      registry: registry.within(.seconds(5)), pipelineID: record.id, stream: record.stream,
      topic: pipeline.source.topic,
      configuration: configuration, news: news, logger: logger)
    let contract = DataContract(pipeline).text
    let fields = DeclaredField.all(pipeline.schema, heads: pipeline.heads)
    let resources = WorkerResources(
      pipeline: pipeline, pipelineID: record.id, run: run, memberID: memberID, registry: registry, consumer: consumer,
      partitionCount: partitionCount, kafka: configuration, deadLetters: deadLetters, stream: record.stream,
      lineage: record.lineage, contract: contract,
      work: ContractRecord.fingerprint(of: followed.workText), specification: specification,
      skipsLost: pipeline.source.onLost == .skip || record.skipsLost, leftOut: LeftOut(lineage?.skips ?? []),
      ends: replay?.ends ?? [:],
      news: news,
      watch: watch,
      checkpoints: CheckpointWriter(
        registry: registry, pipelineID: record.id, run: run, spec: LearnerSpec(pipeline),
        contract: DataContract(pipeline),
        lineage: record.lineage, consumer: consumer,
        deadLetters: deadLetters, watch: watch, fields: fields, troubles: troubles, metrics: metrics, logger: logger,
        failReading: { board.failReading($0, logger: logger) }),
      board: board, frozen: FrozenVersions(), quarantine: Quarantine(topic: pipeline.source.topic), fields: fields,
      examples: FieldExamples(), troubles: troubles, metrics: metrics, metricsAddress: metricsAddress?.description,
      finalPatience: finalPatience,
      contractPatience: contractPatience, logger: logger)
    metrics.follow(deadLetters)
    let incidents = IncidentWriter(resources)
    let writing = Task { await incidents.run() }
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
    writing.cancel()
    await heartbeat.value
    await watching.value
    await writing.value
    if case .success = result, board.currentFacts.readingFailure == nil { await renewMarks(resources) }
    if case .success(let outcome) = result, outcome == .stopped || outcome == .finished,
      let reason = board.currentFacts.readingFailure
    {
      result = .success(.halted(reason))
    }
    // Nobody finds more by now: what was found is written before the lineage is halted or the worker gone.
    let unwritten = await finish(incidents, deadLetters)
    if case .success(.halted(let reason)) = result {
      do { try await registry.halt(pipeline: record.id, run: run, reason: reason) } catch {
        logger.error("the halt could not be written down", [.error: LogValue(describing: error)])
      }
    }
    try? await registry.within(.seconds(3)).leave(pipeline: record.id, member: memberID)
    try? await beats.tellStreamNews(isLast: true)
    await consumer.close()
    await deadLetters.close()
    // What it had not saved is of a lineage that nobody learns any more, or is learned again by its successor.
    if board.currentWishes.isReplaced { throw WorkerError.replaced }
    let outcome = try result.get()
    if let unwritten { throw WorkerError.unwritten(unwritten) }
    if let inVain = board.currentWishes.waitedInVain { throw inVain }
    return outcome
  }

  /// A last look: runs may be shorter than the time between two.
  private func renewMarks(_ resources: WorkerResources) async {
    do { try await resources.watch.renew(until: .after(.seconds(5))) } catch let error as StreamError {
      board.failReading(error, logger: logger)
    } catch {
      logger.debug("the stream's marks could not be renewed", [.error: LogValue(describing: error)])
    }
  }

  /// - Returns: What is lost, in words; nil: nothing.
  private func finish(_ incidents: IncidentWriter, _ deadLetters: DeadLetters) async -> String? {
    var lost = await incidents.finish(until: .after(Self.lastPatience))
    do { try await deadLetters.deliver(until: .after(Self.lastPatience)) } catch {
      let sentence = "dead letters are not delivered: \(Trouble(error).sentence)"
      lost = lost.map { $0 + "; " + sentence } ?? sentence
    }
    if let lost { logger.error("the end could not wait any longer", [.reason: LogValue(lost)]) }
    return lost
  }

  /// How long the end waits for incidents, and for dead letters.
  private static let lastPatience = Duration.seconds(10)
}

/// What keeps a worker from working.
public enum WorkerError: Error, Equatable, CustomStringConvertible {
  case unknownPipeline(String)
  /// The end came, and so many records since the checkpoint of `step` are in none.
  case unsaved(records: Int64, step: Int64, reason: String)
  /// The pipeline was registered anew, with another contract, training or lineage than this worker has.
  case replaced
  /// Nobody has run the registered contract for so long, and this worker has another.
  case waitedInVain(registered: String, own: String, seconds: Double)
  /// `group.encryption` asks for what this machine cannot do.
  case noEncryption(String)
  /// Incidents or dead letters that could not be written.
  case unwritten(String)

  public var description: String {
    switch self {
    case .unknownPipeline(let name):
      "no pipeline '\(name)' in the registry: 'retrainctl start FILE' registers it"
    case .unsaved(let records, let step, let reason):
      "the final checkpoint is not written: \(records) records learned since "
        + (step < 0 ? "the beginning" : "the checkpoint of step \(step)")
        + " are not in any, and will be learned again; \(reason)"
    case .replaced:
      "the pipeline is registered with another contract, training or lineage than this worker has; a worker started now "
        + "takes what is registered (where it does not, its environment fills other values in)"
    case .waitedInVain(let registered, let own, let seconds):
      "waited in vain: for \(seconds >= 120 ? "\(Int(seconds / 60)) minutes" : "\(seconds) s") no worker has run contract "
        + "\(registered.prefix(12)), with which the pipeline is registered, and this one has \(own.prefix(12)) of the same "
        + "file; nothing is learned until \(ContractWait.waysOn)"
    case .noEncryption(let why):
      "\(why); look at its crypto policy (GNUTLS_SYSTEM_PRIORITY_FILE), or leave `group.encryption: tls` out"
    case .unwritten(let what): what
    }
  }
}
