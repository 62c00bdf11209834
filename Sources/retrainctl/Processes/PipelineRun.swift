import Foundation
import Kafka
import Pipelines
import Registry
import Vocabulary
import Worker

/// One run of a pipeline on this machine, from nothing running to nothing running.
struct PipelineRun {
  let file: PipelineFile
  let workers: Int
  let until: RunUntil?
  let house: House
  let reporter: RunReporter
  var skipsLost = false
  var beginsNewStream = false
  var beginsNewLineage = false
  var metrics = MetricsPlaces.loopback

  private var name: String { file.pipeline.name }

  struct Result {
    var ending: RunEnding
    /// The last picture; nil: the database did not answer any more.
    var status: PipelineStatus?
    var summary = RunSummary()
    /// What the file says otherwise than what was learned before; none in a new pipeline.
    var edits: [SettingEdit] = []
  }

  /// - Throws: `CommandFailure` when it runs already; whatever keeps database or broker from starting.
  func run() async throws -> Result {
    let lock = try RunRecord.lock(name, in: house)
    // A supervisor that was killed a moment ago may not have let go of its lock yet.
    guard (try? lock.lock(.exclusive, deadline: .after(.seconds(3)))) != nil else {
      let process = try RunRecord.running(name, in: house).map { ": \($0.sentence)" } ?? ""
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
    reporter.note(DatabaseAccess.willStart(in: house) ? "starting the database" : "connecting to the database")
    let database = try DatabaseAccess.enter(house: house, creates: true)
    defer { leave("database", database.leave) }
    let running = try BrokerRecord.running(in: house).map { "using the broker at \($0.address)" }
    reporter.note(givenBrokers.map { "looking for the brokers at \($0)" } ?? running ?? "starting the broker")
    let broker = try BrokerAccess.enter(pipelineBrokers: file.pipeline.source.brokers, house: house)
    defer { leave("broker", broker.leave) }
    let registry = try await Registry.open(
      at: database.location, applicationName: "retrainctl start", deadline: .after(.seconds(30)))
    do {
      let result = try await holding(database) { hold in
        try await run(with: registry, database: database, broker: broker, signals: signals, hold: hold)
      }
      await registry.close()
      return result
    } catch {
      await registry.close()
      throw error
    }
  }

  /// Somebody else's; nil: one of our own.
  private var givenBrokers: String? { file.pipeline.source.brokers ?? Environment.process.brokers }

  private func leave(_ what: String, _ leave: () throws -> Void) {
    do { try leave() } catch { reporter.note("the \(what) could not be stopped: \(CommandFailure(error).message)") }
  }

  /// Nobody else may run the pipeline on the same database, here or elsewhere.
  private func holding(_ database: DatabaseAccess, _ body: (RunHold) async throws -> Result) async throws -> Result {
    let hold = RunHold(
      location: database.location, pipeline: name, host: ProcessInfo.processInfo.hostName, processID: getpid())
    // One that was killed a moment ago may not have let go yet.
    let deadline = Deadline.after(.seconds(3))
    while let holder = try await hold.take(deadline: .after(.seconds(15))) {
      guard !deadline.hasPassed else {
        await hold.release()
        throw CommandFailure(
          .unavailable, "'\(name)' runs already on this database: \(holder); 'retrainctl stop' ends it")
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    do {
      let result = try await body(hold)
      await hold.release()
      return result
    } catch {
      await hold.release()
      throw error
    }
  }

  private func run(
    with registry: Registry, database: DatabaseAccess, broker: BrokerAccess, signals: SignalCount, hold: RunHold
  ) async throws -> Result {
    try await registry.migrate()
    let stream = StreamContinuity(
      name: name, source: file.pipeline.source, configuration: topicMaker(broker).configuration, registry: registry,
      reporter: reporter)
    let settled = try await SettingsContinuity(file: file, registry: registry).settle(
      beginsAnew: beginsNewLineage, isMadeAnew: stream.isMadeAnew, tell: reporter.note)
    let (edits, before) = (settled.edits, settled.newest)
    try await makeTopics(broker, registry, hasLearned: before != nil)
    guard signals.value == 0 else { return Result(ending: .interrupted, status: nil, edits: edits) }
    let watch = FeedWatch(topic: file.pipeline.source.topic, house: house, registry: registry)
    // Before the registry takes the file: one that is refused leaves everything as it was.
    if !beginsNewStream, let known = try await registry.pipeline(named: name) {
      try await stream.verify(known, skipsLost: skipsLost)
    }
    let record = try await registry.register(
      pipeline: name, specification: file.text, desiredWorkers: workers,
      until: until == .end ? nil : until?.argumentText, skipsLost: skipsLost,
      workFingerprint: ContractRecord.fingerprint(of: settled.pipeline.workText))
    if beginsNewStream { try await stream.beginAnew(record) }
    let began = Date()
    let reader = StatusReader(registry: registry.within(.seconds(5)), pipeline: name)
    let poller = StatusPoller { try await reader.read() }
    let options = RunOptions(
      pipeline: name, workers: workers, until: until,
      environment: Environment.block(changing: ["RETRAIN_HOME": house.root]), logFolder: house.logs(name),
      metrics: metrics)
    let waitsForEnd = until == .end
    let keeping = RunKeeping(hold)
    let notes = PendingNotes()
    let beside = BesideKeeper(record, registry, house: house, notes: notes)
    let keepers = Task {
      async let cluster: Void = DatabaseKeeper(database: database) { notes.add($0) }.run()
      async let right: Void = keeping.run()
      _ = await (cluster, right)
    }
    defer { keepers.cancel() }
    let supervisor = try Supervisor(
      options, poller: poller, reporter: reporter, signals: signals, notes: notes, takenOver: { keeping.other }
    ) {
      if waitsForEnd { await watch.announceEnd(of: record.id) }
      await beside.look()
    }
    try RunRecord(processID: getpid(), startedAt: Date()).write(name, in: house)
    var ending = await supervisor.run()
    await beside.stop()
    keepers.cancel()
    await keepers.value
    await poller.stop()
    // Nobody works on it any more, whatever was asked for: the tables should say so. A database that does not take that
    // is not asked for anything else. Another that has taken over has its own wishes.
    let brief = registry.within(.seconds(3))
    var isThere = true
    if keeping.other == nil { isThere = (try? await brief.setDesiredState(.stopped, pipeline: record.id)) != nil }
    var status = isThere ? try? await StatusReader(registry: brief, pipeline: name).read() : nil
    var summary = supervisor.summary
    // The tables know of what came between two looks, and of a run that was shorter than one.
    if let status {
      let consumed = before?.progress.reduce(0) { $0 + $1.trained + $1.rejected } ?? 0
      let seconds = try? await brief.secondsOfWork(pipeline: record.id, after: before?.id ?? 0)
      summary.complete(records: status.consumed - consumed, seconds: seconds ?? nil)
    }
    if let now = status {
      let refused = RejectReason.allCases.filter(\.isDeadLettered).reduce(Int64(0)) {
        $0 + (now.rejectedByReason[$1.rawValue] ?? 0) - (before?.rejected[$1] ?? 0)
      }
      let lost = now.incidents.filter { $0.kind == "dead_letters_lost" && $0.at >= began }
      status?.deadLetters = supervisor.lettersAtTheEnd(
        refused: refused, lost: lost.reduce(0) { $0 + ($1.records ?? 1) })
    }
    if isThere,
      let end = try? await stream.end(of: record.id, patience: ending == .finished ? .seconds(5) : .seconds(1))
    {
      summary.lag = end.lag
      summary.behindTransactions = end.behindTransactions > 0 ? end.behindTransactions : nil
    }
    status?.lag = summary.lag
    if let status { reporter.tellWarnings(of: status) }
    if let halted = status?.halted {
      ending = .halted(halted)
    } else if ending == .finished {
      switch until {
      case .end where summary.lag == 0: break
      // All that may be read was read.
      case .end where summary.lag != nil && summary.lag == summary.behindTransactions:
        ending = .waitsBehindTransactions(summary.behindTransactions ?? 0)
      case .steps(let steps) where status?.step ?? 0 >= steps: break
      default: ending = .workersStopped(logs: options.logFolder)
      }
    }
    if ending.exitCode == .ok, let loss = supervisor.loss(status) { ending = .unsaved(loss) }
    // Roles that had learned nothing yet when they were told to end leave the checkpoint that they would have gone on from.
    if ending.exitCode == .ok, let checkpoint = status?.checkpoint, !checkpoint.isFinal,
      (try? await brief.markFinal(checkpoint: checkpoint.id, generation: nil)) == true
    {
      status?.checkpoint?.isFinal = true
    }
    return Result(ending: ending, status: status, summary: summary, edits: edits)
  }

  private func topicMaker(_ broker: BrokerAccess) -> TopicMaker {
    TopicMaker(
      KafkaConfiguration(
        brokers: broker.addresses, properties: file.pipeline.source.librdkafka, clientID: "retrainctl-start"))
  }

  /// - Parameter hasLearned: Whether there is a checkpoint to go on from.
  private func makeTopics(_ broker: BrokerAccess, _ registry: Registry, hasLearned: Bool) async throws {
    let source = file.pipeline.source
    let maker = topicMaker(broker)
    if !beginsNewStream, hasLearned, let known = try await registry.pipeline(named: name),
      try await !maker.exists(source.topic)
    {
      if let learned = known.topic, learned != source.topic {
        throw CommandFailure(.unavailable, StreamContinuity.otherTopic(name, learned: learned, now: source.topic))
      }
      // An empty topic in its place would only hide that it is gone.
      throw CommandFailure(
        .unavailable,
        "'\(name)' cannot go on: the topic \(source.topic) that it has learned from is not there any more. The model is "
          + "kept: 'retrainctl start FILE --new-stream' makes the topic anew and goes on from its first record; "
          + "'retrainctl delete \(name)' begins all anew"
          + (broker.isInMemory ? ". (The broker in memory forgets everything when it stops.)" : ""))
    }
    try await maker.make(source.topic, partitions: source.partitions, creates: source.create)
    try await maker.make(
      source.effectiveDeadLetterTopic, partitions: source.partitions, creates: source.create, isDeadLetters: true)
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
