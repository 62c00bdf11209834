import Foundation
import Kafka
import Registry
import Vocabulary

/// One run of a pipeline on this machine, from nothing running to nothing running.
struct PipelineRun {
  let file: PipelineFile
  let workers: Int
  let until: RunUntil?
  let house: House
  let reporter: RunReporter

  private var name: String { file.pipeline.name }

  struct Result {
    var ending: RunEnding
    /// The last picture; nil: the database did not answer any more.
    var status: PipelineStatus?
  }

  /// - Throws: `CommandFailure` when it runs already; whatever keeps database or broker from starting.
  func run() async throws -> Result {
    let lock = try RunRecord.lock(name, in: house)
    guard lock.tryLock(.exclusive) else {
      let process = try RunRecord.running(name, in: house).map { " (process \($0.processID))" } ?? ""
      throw CommandFailure(.unavailable, "'\(name)' runs here already\(process); 'retrainctl stop' ends it")
    }
    defer {
      RunRecord.remove(name, in: house)
      lock.unlock()
    }
    // A child that is gone must not end us when we write to it.
    signal(SIGPIPE, SIG_IGN)
    let signals = SignalCount()
    let sources = StopSignals { signals.set($0) }
    defer { sources.cancel() }
    reporter.note("starting the database")
    let database = try DatabaseAccess.enter(house: house, creates: true)
    defer { leave("database", database.leave) }
    reporter.note("starting the broker")
    let broker = try BrokerAccess.enter(pipelineBrokers: file.pipeline.source.brokers, house: house)
    defer { leave("broker", broker.leave) }
    let registry = try await Registry.open(
      uri: database.uri, applicationName: "retrainctl start", deadline: .after(.seconds(30)))
    do {
      let result = try await run(with: registry, broker: broker, signals: signals)
      await registry.close()
      return result
    } catch {
      await registry.close()
      throw error
    }
  }

  private func leave(_ what: String, _ leave: () throws -> Void) {
    do { try leave() } catch { reporter.note("the \(what) could not be stopped: \(CommandFailure(error).message)") }
  }

  private func run(with registry: Registry, broker: BrokerAccess, signals: SignalCount) async throws -> Result {
    try await registry.migrate()
    try await makeTopics(broker)
    guard signals.value == 0 else { return Result(ending: .interrupted, status: nil) }
    let watch = FeedWatch(topic: file.pipeline.source.topic, house: house, registry: registry)
    let record = try await registry.register(
      pipeline: name, specification: file.text, desiredWorkers: workers,
      until: until == .end ? nil : until?.argumentText)
    let reader = StatusReader(registry: registry.within(.seconds(5)), pipeline: name)
    let poller = StatusPoller { try await reader.read() }
    let options = RunOptions(
      pipeline: name, workers: workers, until: until,
      environment: Environment.block(changing: ["RETRAIN_HOME": house.root]), logFolder: house.logs(name))
    let waitsForEnd = until == .end
    let supervisor = try Supervisor(options, poller: poller, reporter: reporter, signals: signals) {
      if waitsForEnd { await watch.announceEnd(of: record.id) }
    }
    try RunRecord(processID: getpid(), startedAt: Date()).write(name, in: house)
    var ending = await supervisor.run()
    await poller.stop()
    // Nobody works on it any more, whatever was asked for: the tables should say so.
    try? await registry.setDesiredState(.stopped, pipeline: record.id)
    let status = try? await reader.read()
    if let halted = status?.halted { ending = .halted(halted) }
    return Result(ending: ending, status: status)
  }

  private func makeTopics(_ broker: BrokerAccess) async throws {
    let source = file.pipeline.source
    let maker = TopicMaker(
      KafkaConfiguration(brokers: broker.addresses, properties: source.librdkafka, clientID: "retrainctl-start"))
    try await maker.make(source.topic, partitions: source.partitions)
    try await maker.make(source.effectiveDeadLetterTopic, partitions: source.partitions)
  }
}

/// Tells the workers that the end of the stream is the end of the run, once nobody here feeds it any more.
actor FeedWatch {
  private let topic: String
  private let house: House
  private let registry: Registry
  private var isAnnounced = false

  init(topic: String, house: House, registry: Registry) {
    self.topic = topic
    self.house = house
    self.registry = registry
  }

  func announceEnd(of pipeline: Int64) async {
    guard !isAnnounced, (try? FeedMark.isHeld(topic: topic, in: house)) == false else { return }
    // A database that is away is asked again at the next look.
    isAnnounced = (try? await registry.within(.seconds(1)).setUntil("end", pipeline: pipeline)) != nil
  }
}
