import Arguments
import Evaluation
import Foundation
import Kafka
import Pipelines
import Registry
import Vocabulary
import Worker

struct RetrainCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "retrain",
      abstract: "Learn the stream once more, in a run beside the live one; its version competes for serving.",
      discussion: """
        Begins a model anew (or, with --from v12, goes on from that version) and reads the topic at full speed with workers \
        of its own, which have the lowest priority on their machine; the live run goes on. Once it has read what it was asked \
        to, and with --until now has caught up with the live run, its newest checkpoint is a candidate: it is compared on \
        the live stream as every other, and where it is promoted the live run goes on from it, at its own offsets, so that no \
        record is lost or learned twice.

        --from   earliest · v12 (a version, with its weights) · newest (the live run's newest checkpoint) · 0:1500,1:1498 (offsets) · 24h (ago) · 2026-12-24T18:00:00Z
        --until  now (the default) · offsets or a time as above, where it ends without catching up

        One at a time. Ctrl-C leaves it as it is: 'retrain' without --from goes on with it, and so does 'retrain' after \
        any kill. --stop ends it for good. 'status' shows it, 'audit --run NAME' accounts for its records. --dry-run tells \
        how many records it would learn, and how long that would take at the rate that was measured.
        """)
  }

  @Option(valueName: "place", help: "Where to begin.") var from: StreamPlace?
  @Option(valueName: "place", help: "Where to end; now: go on until it has caught up.") var until: StreamPlace = .now
  @Option(valueName: "n", help: "Worker processes; by default what the pipeline says.") var workers: Int?
  @Option(valueName: "name", help: "What the run is called, for status and audit.") var name: String?
  @Option(
    name: "set", valueName: "key=value",
    help:
      "What it learns by otherwise than the file, as model.hidden=[128,64]; may be repeated. Where its version is promoted, the pipeline takes it over."
  )
  var settings: [TextSetting]
  @Option(
    valueName: "layers",
    help:
      "With --from newest or a version: set the biases of units that answered zero to everything in its window back to 0 first, as of hidden_1,hidden_2."
  )
  var resetBias: String?
  @Flag(help: "Tell what it would cost, and begin nothing.") var dryRun: Bool
  @Flag(help: "Go on in the background.") var detach: Bool
  @Flag(help: "End the run for good; what it has learned stays, and is no candidate.") var stop: Bool
  @Flag(help: "Stop when standard input ends, as it does when the supervisor is gone.") var supervised: Bool
  @OptionGroup var decision: DecisionOptions
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    var mistakes = workers.map { (1...256).contains($0) ? [] : ["--workers must be 1 to 256, not \($0)"] } ?? []
    if resetBias != nil {
      switch from {
      case .newest, .version: break
      default: mistakes.append("--reset-bias is of weights that there are: say --from newest, or a version")
      }
    }
    if !settings.isEmpty, from == nil { mistakes.append("--set is of a run that begins: say --from") }
    mistakes += changes.mistakes
    if workers != nil, settings.contains(where: { $0.path == "training.workers" }) {
      mistakes.append("--workers and --set training.workers say the same thing")
    }
    if stop, from != nil || dryRun || detach || name != nil {
      mistakes.append("--stop ends a run, and takes nothing else")
    }
    if from == nil, name != nil, !stop { mistakes.append("--name is of a run that begins: say --from") }
    if from == nil {
      if case .now = until {} else { mistakes.append("--until is of a run that begins: say --from") }
    }
    if dryRun, from == nil { mistakes.append("--dry-run needs to know from where: say --from") }
    if case .now = from { mistakes.append("from now on the live run learns: say an earlier --from") }
    switch until {
    case .earliest, .version, .newest: mistakes.append("--until takes now, offsets or a time")
    default: break
    }
    if let name, name.isEmpty || name == "live" { mistakes.append("--name must be something else than 'live'") }
    return mistakes
  }

  private var changes: ChangedSettings { ChangedSettings(settings: settings) }

  private struct Cost: Encodable {
    var pipeline: String
    /// By partition.
    var from: [String: Int64]
    var until: [String: Int64]
    var records: Int64
    /// That the pipeline has learned in its fastest window of late; nil: nothing was measured yet.
    var recordsPerSecond: Double?
    var seconds: Double?
  }

  func run() async throws {
    let access = try await RegistryAccess.open(for: "retrain")
    do {
      try await work(access)
      try await access.close()
    } catch {
      try? await access.close()
      throw error
    }
  }

  private func work(_ access: RegistryAccess) async throws {
    let registry = access.registry
    let record = try await choice.record(in: registry)
    let open = try await registry.replay(pipeline: record.id)
    if stop { return try await end(open, record, registry) }
    let file = try file(record)
    let broker = try BrokerAccess.enter(pipelineBrokers: file.pipeline.source.brokers)
    defer { try? broker.leave() }
    var replay = open
    if let open, from != nil, !dryRun {
      throw CommandFailure(
        .usage,
        "the run '\(open.name)' beside '\(record.name)' is not over yet (\(open.wish)): 'retrainctl retrain' without --from goes on "
          + "with it, 'retrainctl retrain --stop' ends it")
    }
    if from != nil {
      let plan = try await plan(file, record, registry, broker)
      if dryRun { return try await tell(plan, record, registry) }
      do {
        replay = try await registry.beginReplay(
          pipeline: record.id, plan.draft, from: plan.origin, first: plan.first)
      } catch let error
        as RegistryError where [.conflict, .refused, .notFound].contains(error.code)
      { throw CommandFailure(.usage, error.message) }
    }
    guard let replay else {
      throw CommandFailure(
        .usage,
        "no run beside '\(record.name)' is under way: say with --from where a new one begins, as --from earliest")
    }
    if let workers, replay.workers != workers {
      try await registry.setDesiredWorkers(workers, pipeline: record.id, run: replay.run)
    }
    let house = House()
    if detach { return try startDetached(record, replay, house) }
    let reporter = RunReporter(isQuiet: format.json)
    let signals = SignalCount()
    let sources = StopSignals { signals.set($0) }
    defer { sources.cancel() }
    if supervised { onEndOfInput { signals.set(1) } }
    let run = ReplayRun(record, access, house: house, reporter: reporter)
    let end: ReplayRecord
    do { end = try await run.run(replay.run, signals: signals) } catch {
      reporter.finish()
      throw error
    }
    reporter.finish()
    try tell(end, try await ReplayProgress(end, record.id, registry, measures: true))
  }

  /// The pipeline as the run is to learn it.
  private func file(_ record: PipelineRecord) throws -> PipelineFile {
    try changes.file(
      of: record.specification, name: "\(record.name) (in the registry)", room: MachineMemory.room(workers: workers))
  }

  private func tell(_ replay: ReplayRecord, _ progress: ReplayProgress) throws {
    if format.json { try Console.say(json: progress) } else { Console.say(progress.sentence) }
    switch replay.phase {
    case .failed: throw CommandFailure(.ourFault, replay.outcome ?? "the run failed")
    case .replaying, .catchingUp:
      if !format.json { Console.say("interrupted: 'retrainctl retrain' goes on with it") }
    case .done, .stopped: break
    }
  }

  // MARK: Beginning

  private struct Plan {
    var draft: ReplayDraft
    var origin: LineageOrigin
    /// nil: the origin's own state.
    var first: CheckpointDraft?
    var starts: [Int32: Int64]
  }

  private func plan(
    _ file: PipelineFile, _ record: PipelineRecord, _ registry: Registry, _ broker: BrokerAccess
  ) async throws -> Plan {
    let pipeline = file.pipeline
    guard let from else { throw CommandFailure(.usage, "say from where: --from") }
    let topic = pipeline.source.topic
    let maker = TopicMaker(
      KafkaConfiguration(
        brokers: broker.addresses, properties: pipeline.source.librdkafka, clientID: "retrainctl-retrain"))
    let bounds = try await maker.withAdmin { try await $0.bounds(topic: topic, until: .after(TopicMaker.patience)) }
    let stream = StreamContinuity(
      name: record.name, source: pipeline.source, configuration: maker.configuration, registry: registry,
      reporter: RunReporter(isQuiet: true))
    if try await stream.isMadeAnew(record) == true {
      throw CommandFailure(
        .usage,
        "\(topic) was made anew since the live run read it, and a run beside reads what that does: 'retrainctl start' says how it "
          + "goes on")
    }
    var (place, checkpoint, rest) = (LineageOrigin.Place.own, CheckpointRecord?.none, bounds.firsts)
    var work = pipeline
    if case .version(let number) = from { try changes.check(goingOnFrom: number, record.specification, pipeline) }
    if let known = try await self.known(from, file, record, registry) {
      guard try await LineageTurn(record, registry, text: file.text).isSameTopic(known) == true else {
        throw CommandFailure(
          .usage,
          "\(from.words) has learned from another topic than the \(topic) of now: its offsets mean nothing there")
      }
      for part in known.progress { rest[part.partition] = part.nextOffset }
      checkpoint = known
      work = pipeline.following(
        try await registry.contract(ofCheckpoint: known.id).map { try DataContract(text: $0.text) })
    }
    let starts = try await from.offsets(in: bounds, rest: rest, topic: topic, maker)
    if checkpoint == nil { place = .at(starts) }
    let ends = try await until.offsets(in: bounds, rest: bounds.ends, topic: topic, maker)
    let records = ends.reduce(0) { $0 + max(0, $1.value - (starts[$1.key] ?? 0)) }
    guard records > 0 else {
      throw CommandFailure(.usage, "there is nothing to learn in \(topic) from \(from.words) until \(until.words)")
    }
    var follows = false
    if case .now = until { follows = true }
    let count = try await registry.replays(pipeline: record.id, limit: 1).first?.run.rawValue ?? 0
    var reset: BiasReset?
    if let resetBias, let checkpoint {
      let layers = resetBias.split(separator: ",").map(String.init)
      do { reset = try await BiasReset(layers, of: checkpoint, work, in: registry) } catch let failure
        as BiasReset.Failure
      {
        // It would be tried for ever.
        try await registry.dropRetrainWish(pipeline: record.id, because: failure.description)
        throw CommandFailure(.usage, failure.description)
      }
    }
    let wish =
      "from \(from.words) until \(until.words)" + (settings.isEmpty ? "" : ", with \(changes.words)")
      + (reset.map { ", \($0.sentence)" } ?? "")
    return Plan(
      draft: ReplayDraft(
        name: name ?? "replay-\(count + 1)", specification: settings.isEmpty ? nil : file.text,
        workFingerprint: ContractRecord.fingerprint(of: work.workText),
        workers: workers ?? pipeline.training.workers, ends: ends, follows: follows, records: records, wish: wish),
      origin: LineageOrigin(
        .retrain, checkpoint: checkpoint?.id, place: place, actor: decision.actor, reason: decision.reason ?? wish),
      first: reset?.draft, starts: starts)
  }

  /// The checkpoint whose weights it goes on from; nil: it begins without any.
  private func known(
    _ from: StreamPlace, _ file: PipelineFile, _ record: PipelineRecord, _ registry: Registry
  ) async throws -> CheckpointRecord? {
    let turn = try LineageTurn(record, registry, text: file.text)
    switch from {
    case .version(let number): return try await turn.checkpoint(nil, version: number)
    case .newest:
      guard let newest = try await registry.newestCheckpoint(pipeline: record.id) else {
        throw CommandFailure(.usage, "'\(record.name)' has no checkpoint yet")
      }
      return try await turn.checkpoint(newest.id, version: nil)
    default: return nil
    }
  }

  private func tell(_ plan: Plan, _ record: PipelineRecord, _ registry: Registry) async throws {
    let windows = try await registry.checkpoints(pipeline: record.id, limit: 100)
    let rate = windows.compactMap { window in
      window.seconds.flatMap { $0 > 0 ? Double(window.window.records) / $0 : nil }
    }.max()
    let cost = Cost(
      pipeline: record.name, from: Self.named(plan.starts), until: Self.named(plan.draft.ends),
      records: plan.draft.records,
      recordsPerSecond: rate, seconds: rate.map { Double(plan.draft.records) / $0 })
    if format.json { return try Console.say(json: cost) }
    Console.say(
      "'\(record.name)' would learn \(Wording.count(cost.records, "record")) once more, \(plan.draft.wish), with "
        + "\(Wording.count(Int64(plan.draft.workers), "worker"))"
        + (rate.map {
          ": about \(Wording.span(cost.seconds ?? 0)) at \(Wording.measure($0)) records/s, its best of late"
        }
          ?? "; how long that takes nobody has measured yet"))
  }

  private static func named(_ offsets: [Int32: Int64]) -> [String: Int64] {
    Dictionary(uniqueKeysWithValues: offsets.map { (String($0.key), $0.value) })
  }

  private func startDetached(_ record: PipelineRecord, _ replay: ReplayRecord, _ house: House) throws {
    try house.prepare()
    try House.makeFolder(house.logs(record.name))
    let log = house.logs(record.name) + "/\(replay.name).log"
    let child = try ChildProcess(
      arguments: ["retrain", record.name], environment: Environment.block(changing: [:]), log: log, isDetached: true)
    if format.json {
      return try Console.say(json: ["pipeline": record.name, "run": replay.name, "process": String(child.processID)])
    }
    Console.say("the run '\(replay.name)' beside '\(record.name)' is process \(child.processID); its log is \(log)")
    Console.say("retrainctl status shows it, retrainctl retrain --stop ends it")
  }

  private func end(_ replay: ReplayRecord?, _ record: PipelineRecord, _ registry: Registry) async throws {
    guard let replay else {
      if format.json { return try Console.say(json: ["pipeline": record.name, "outcome": "was_not_running"]) }
      return Console.say("no run beside '\(record.name)' is under way")
    }
    try await registry.endReplay(
      pipeline: record.id, run: replay.run, .stopped, outcome: "\(decision.actor) stopped it")
    let deadline = Deadline.after(.seconds(60))
    while try await !registry.members(pipeline: record.id, run: replay.run, silence: .seconds(5)).isEmpty {
      guard !deadline.hasPassed else {
        throw CommandFailure(.unavailable, "the workers of '\(replay.name)' have not ended within a minute")
      }
      try await Task.sleep(for: .milliseconds(200))
    }
    if format.json {
      return try Console.say(json: ["pipeline": record.name, "run": replay.name, "outcome": "stopped"])
    }
    Console.say("the run '\(replay.name)' beside '\(record.name)' has stopped")
  }
}
