public import Arguments
import Controller
import Foundation
import Pipelines
import Registry
import Telemetry
import Vocabulary
import Worker

/// What a role of one pipeline needs to know.
struct RoleOptions: ArgumentGroup {
  @Option(
    short: "p", valueName: "name or file", help: "The pipeline, by its name in the registry or by its file.",
    completion: .file(["yaml", "yml"])) var pipeline: String
  @Option(help: "How much is logged, to standard error.") var logLevel: LogLevel = .info
  @Option(help: "How a log line looks.") var logFormat: LogFormat = .text
  @Flag(help: "Stop when standard input ends, as it does when the supervisor is gone.") var supervised: Bool
}

/// Where a worker or controller answers those who watch it.
struct ObservationOptions: ArgumentGroup {
  @Option(
    valueName: "host:port",
    help: "Answer /metrics, /healthz and /v2/health/live and ready here; port 0 is any free one, which 'status' tells.")
  var metrics: HostPort?
}

extension LogLevel: ArgumentValue {}
extension LogFormat: ArgumentValue {}

/// Runs one role of a pipeline in this process until a signal, or the end of its work.
struct RoleRun: Sendable {
  let role: String
  let pipelineName: String
  let isSupervised: Bool
  let logger: Logger
  /// Unique to this process start: whoever is killed and comes back is somebody else.
  let processName: String

  init(_ role: String, _ options: RoleOptions) {
    self.init(
      role, pipeline: options.pipeline, isSupervised: options.supervised, logLevel: options.logLevel,
      logFormat: options.logFormat)
  }

  init(_ role: String, pipeline: String, isSupervised: Bool, logLevel: LogLevel, logFormat: LogFormat) {
    self.role = role
    pipelineName = pipeline
    self.isSupervised = isSupervised
    let start = String(UInt64(Date().timeIntervalSince1970 * 1000), radix: 36)
    processName = "\(role)-\(ProcessInfo.processInfo.hostName)-\(getpid())-\(start)"
    logger = Logger(
      label: role, level: logLevel, sink: .standardError(logFormat),
      metadata: [.pipeline: LogValue(pipeline), .processID: LogValue(Int(getpid()))])
  }

  /// The pipeline as the registry has it, with the secrets of this process's environment.
  ///
  /// - Parameters:
  ///   - name: nil: the one that the role is of.
  ///   - room: What a worker of it may take; nil: it is another role.
  func pipelineFile(
    _ database: DatabaseLocation, named name: String? = nil, of run: RunID = .live, room: MemoryRoom? = nil
  ) async throws -> PipelineFile {
    let registry = try await Registry.open(
      at: database, applicationName: "retrain-\(role)", deadline: .after(.seconds(30)))
    do {
      let chosen = try await registry.choosePipeline(named: name ?? pipelineName)
      guard let record = try await registry.pipeline(chosen.id, run: run) else {
        throw CommandFailure(.unavailable, "'\(chosen.name)' has no run with number \(run)")
      }
      await registry.close()
      return try PipelineFile(text: record.specification, name: "\(record.name) (in the registry)", room: room)
    } catch {
      await registry.close()
      throw error
    }
  }

  /// Calls `stop` at the first signal or the end of standard input; a second signal ends the process at once.
  func stopping(_ stop: @escaping @Sendable () -> Void) -> StopSignals {
    signal(SIGPIPE, SIG_IGN)
    if isSupervised { onEndOfInput(stop) }
    return StopSignals { count in
      if count > 1 { exit(130) }
      stop()
    }
  }

  /// Runs `body` with a door for those who watch, which is open before the rest is there.
  func withDoor<Value>(_ options: ObservationOptions, _ body: (RoleDoor) async throws -> Value) async throws -> Value {
    let door = try RoleDoor(options.metrics)
    if let address = door.address { logger.info("metrics are answered", [.address: LogValue(address)]) }
    do {
      let value = try await body(door)
      await door.close()
      return value
    } catch {
      await door.close()
      throw error
    }
  }

  /// Runs `body` with our share in the database.
  func withDatabase<Value>(_ body: (DatabaseAccess) async throws -> Value) async throws -> Value {
    let database = try DatabaseAccess.enter(creates: false)
    defer { try? database.leave() }
    do { return try await body(database) } catch let error as RegistryError where error.code != .notFound {
      // Whatever the registry refuses a role, its command line is not to blame for it.
      let isDatabase = error.isRetryable || error.isLockedOut
      let failure = CommandFailure(isDatabase ? .unavailable : .ourFault, CommandFailure(error).message)
      logger.error("the role ended", [.error: LogValue(failure.message)])
      throw failure
    } catch {
      logger.error("the role ended", [.error: LogValue(CommandFailure(error).message)])
      throw error
    }
  }
}

struct WorkerCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "worker", abstract: "Run one worker of a registered pipeline (a role).",
      discussion: "Workers find each other through PostgreSQL and stop together: a signal to one stops the group.")
  }

  @OptionGroup var role: RoleOptions
  @Option(valueName: "n", help: "Which of the pipeline's runs it works for, by number; 0 is the live one.")
  var run: Int = 0
  @Option(valueName: "host:port", help: "Where other workers reach this one; port 0 is any free one.")
  var listen: String = "127.0.0.1:0"
  @OptionGroup var observation: ObservationOptions

  func mistakes() -> [String] {
    (HostPort(listen) == nil ? ["--listen takes \(HostPort.expectation), not '\(listen)'"] : [])
      + (run < 0 ? ["--run must be 0 or more, not \(run)"] : [])
  }

  func run() async throws {
    // Whatever it learns, the live run and what serves come first.
    if self.run > 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19) }
    let run = RoleRun("worker", role)
    try await run.withDoor(observation) { try await work(run, $0) }
  }

  private func work(_ run: RoleRun, _ door: RoleDoor) async throws {
    try await run.withDatabase { database in
      let file = try await run.pipelineFile(
        database.location, of: RunID(rawValue: self.run), room: MachineMemory.room(workers: 1))
      let pipeline = file.pipeline
      let broker = try BrokerAccess.enter(pipelineBrokers: pipeline.source.brokers)
      defer { try? broker.leave() }
      let service = WorkerService(
        pipeline: pipeline, specification: file.text, database: database.location, brokers: broker.addresses,
        run: RunID(rawValue: self.run), memberID: run.processName,
        listenAddress: listen, metrics: door.metrics, metricsAddress: door.address, logger: run.logger)
      door.ask { service.isReady }
      let signals = run.stopping { service.requestStop() }
      defer { signals.cancel() }
      switch try await service.run() {
      case .finished: run.logger.notice("finished")
      case .stopped: run.logger.notice("stopped")
      case .halted(let reason): run.logger.error("the lineage was halted", [.reason: LogValue(reason)])
      }
    }
  }
}

struct ControllerCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "controller", abstract: "Run the controller of a registered pipeline (a role).",
      discussion: "Several may run: one holds the lease and decides, the others wait for it.")
  }

  @OptionGroup var role: RoleOptions
  @OptionGroup var observation: ObservationOptions

  func run() async throws {
    let run = RoleRun("controller", role)
    try await run.withDoor(observation) { try await control(run, $0) }
  }

  private func control(_ run: RoleRun, _ door: RoleDoor) async throws {
    try await run.withDatabase { database in
      let service = ControllerService(
        pipeline: try await run.pipelineFile(database.location).pipeline, database: database.location,
        holder: run.processName, metrics: door.metrics, metricsAddress: door.address, logger: run.logger)
      door.ask { service.isReady }
      let signals = run.stopping { service.requestStop() }
      defer { signals.cancel() }
      try await service.run()
    }
  }
}
