import Confinement
public import Foundation
import HTTP
public import Pipelines
public import Registry
import Synchronization
public import Telemetry
import Vocabulary

/// Answers predictions with the stable version of one pipeline, and follows it as it changes.
///
/// The registry says which version that is; while it cannot be reached, the version in memory goes on answering.
public actor ServerService {
  /// What the loop wakes up for.
  private enum Wake: Sendable { case changed, tick }

  private let pipeline: Pipeline
  private let serverID: String
  private let logger: Logger
  private let openSource: @Sendable () async throws -> any VersionSource
  private let state = ServingState()
  private let metrics: ServerMetrics
  private let page: StatusPage
  private let loader: VersionLoader
  private let tick: Duration
  private let doors: ServerDoors
  private let wakes: AsyncStream<Wake>
  private let waker: AsyncStream<Wake>.Continuation
  private let isStopRequested = Mutex(false)

  private var source: (any VersionSource)?
  private var http: HTTPServer?
  /// Health and metrics on an address of their own.
  private var observation: HTTPServer?
  /// A version that could not be loaded: it is not tried at every tick.
  private var refused: StableVersion?
  private var registryIsReachable = true

  package init(
    pipeline: Pipeline, serverID: String, logger: Logger, metrics: MetricsRegistry = MetricsRegistry(),
    doors: ServerDoors = ServerDoors(drain: .zero), tick: Duration = .seconds(1),
    openSource: @escaping @Sendable () async throws -> any VersionSource
  ) {
    self.pipeline = pipeline
    self.serverID = serverID
    self.logger = logger
    self.metrics = ServerMetrics(metrics, pipeline: pipeline.name)
    self.tick = tick
    self.doors = doors
    self.openSource = openSource
    page = StatusPage(pipelineName: pipeline.name)
    loader = VersionLoader(pipeline: pipeline)
    (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// A server that follows the registry in `database`.
  ///
  /// - Parameter serverID: Unique for each start of a process.
  public init(
    pipelineName: String, pipeline: Pipeline, database: DatabaseLocation, logger: Logger,
    metrics: MetricsRegistry = MetricsRegistry(), serverID: String = "server-" + UUID().uuidString.lowercased(),
    doors: ServerDoors = ServerDoors()
  ) {
    self.init(pipeline: pipeline, serverID: serverID, logger: logger, metrics: metrics, doors: doors) {
      try await RegistryVersionSource(pipelineName: pipelineName, database: database, applicationName: serverID)
    }
  }

  /// Where it listens; nil before it does.
  package var port: Int? { http?.port }
  /// Where health and metrics are beside; nil: nowhere, or not yet.
  package var observationPort: Int? { observation?.port }

  /// Serves until `requestStop` or cancellation, then lets requests in flight finish.
  ///
  /// - Throws: `HTTPError` when the address cannot be listened on. An absent registry is waited for.
  public func run() async throws {
    let http = try openDoors()
    await withTaskCancellationHandler {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.wakeRegularly() }
        group.addTask { await self.wakeOnChanges() }
        for await _ in wakes {
          await refresh()
          if isStopRequested.withLock({ $0 }) { break }
        }
        group.cancelAll()
      }
    } onCancel: {
      requestStop()
    }
    await stop(http)
  }

  private func openDoors() throws -> HTTPServer {
    let answering = RequestAnswering(pipeline: pipeline, state: state, metrics: metrics, page: page)
    let (state, metrics) = (self.state, self.metrics)
    let onEvent: @Sendable (HTTPEvent) -> Void = { event in
      switch event {
      case .refused(let status):
        metrics.count(status: status)
        state.count(status: status)
      case .evicted: metrics.evictions.increment()
      }
    }
    let listen = doors.listen
    let http = try HTTPServer.start(
      address: listen?.host ?? pipeline.serving.address, port: listen.map { Int($0.port) } ?? pipeline.serving.port,
      threads: pipeline.serving.threads, limits: HTTPLimits(pipeline.serving), onEvent: onEvent,
      handler: { answering.answer(ServerQuestion($0)) })
    if let address = doors.observation {
      do {
        observation = try HTTPServer.start(
          address: address.host, port: Int(address.port), onEvent: onEvent,
          handler: { answering.observe(ServerQuestion($0)) })
      } catch {
        http.stop()
        throw error
      }
    }
    self.http = http
    let advertised = doors.advertised(listening: http.address)
    page.update(address: advertised.description)
    logger.notice(
      "the server listens",
      [
        .address: LogValue(http.address.host), .port: LogValue(http.port),
        .advertised: LogValue(advertised.description),
      ])
    return http
  }

  /// Ends `run` soon. Any thread.
  public nonisolated func requestStop() {
    isStopRequested.withLock { $0 = true }
    waker.finish()
  }

  private func wakeRegularly() async {
    while !Task.isCancelled {
      waker.yield(.tick)
      try? await Task.sleep(for: tick)
    }
  }

  /// Wakes the loop at once when the registry tells of a change; when the telling ends, the ticks go on.
  private func wakeOnChanges() async {
    while !Task.isCancelled {
      try? await source?.eachChange { waker.yield(.changed) }
      try? await Task.sleep(for: tick)
    }
  }

  /// Looks which version is stable, takes it up if it is another, and reports.
  private func refresh() async {
    do {
      let source = try await openedSource()
      let stable = try await source.stableVersion()
      // The same version again, after a rollback and a promotion, is another stint: `since` tells.
      if stable != state.facts.stable, stable == nil || stable != refused { try await takeUp(stable, from: source) }
      try await source.report(report())
      noteRegistry(reachable: true)
    } catch let error as VersionError {
      logger.error("the stable version cannot be served", [.error: LogValue(error)])
    } catch {
      noteRegistry(reachable: false, error)
    }
  }

  private func openedSource() async throws -> any VersionSource {
    if let source { return source }
    let opened = try await openSource()
    source = opened
    return opened
  }

  private func takeUp(_ stable: StableVersion?, from source: any VersionSource) async throws {
    guard let stable else {
      state.swap(to: nil, facts: nil)
      metrics.version.set(0)
      page.update(health: [])
      logger.notice("there is no stable version any more")
      return
    }
    let bytes = try await source.state(ofCheckpoint: stable.checkpoint)
    let contract = try await source.contract(ofCheckpoint: stable.checkpoint)
    let health = try await source.health(ofCheckpoint: stable.checkpoint)
    let start = ContinuousClock.now
    let loaded: LoadedVersion
    do {
      loaded = try await loader.load(stable, state: bytes, contract: contract)
    } catch {
      refused = stable
      throw VersionError(description: String(describing: error))
    }
    state.swap(to: loaded, facts: stable)
    page.update(health: health)
    metrics.version.set(stable.number)
    metrics.swaps.increment()
    logger.notice(
      "a version was put in place",
      [
        .version: LogValue(stable.number), .checkpoint: LogValue(stable.checkpoint), .bytes: LogValue(bytes.count),
        .duration: LogValue(start.duration(to: .now).milliseconds()),
      ])
  }

  private func report() -> ServerReport {
    let listening = http?.address ?? HostPort(host: pipeline.serving.address, port: UInt16(pipeline.serving.port))
    let advertised = doors.advertised(listening: listening)
    return ServerReport(
      id: serverID, address: advertised.host, port: Int(advertised.port),
      metricsAddress: MachineAddress.reachable(observation?.address ?? listening).description,
      version: state.version?.number, requests: state.requests.load(ordering: .relaxed),
      failures: state.failures.load(ordering: .relaxed), outputs: state.outputs)
  }

  private func noteRegistry(reachable: Bool, _ error: (any Error)? = nil) {
    page.update(registryIsReachable: reachable)
    if let error {
      metrics.registryFailures.increment()
      logAbsence(error)
    }
    if reachable, !registryIsReachable { logger.notice("the registry can be reached again") }
    registryIsReachable = reachable
  }

  /// Once an outage.
  private func logAbsence(_ error: any Error) {
    guard registryIsReachable else { return }
    logger.warning(
      "the registry cannot be reached; the version in memory goes on answering", [.error: LogValue(describing: error)])
  }

  /// First nobody is to find it, then what still comes is answered, then the door closes behind what is in flight.
  private func stop(_ http: HTTPServer) async {
    state.isStopping.store(true, ordering: .relaxed)
    http.beginStopping()
    if let source {
      // Where the database does not take the one, it does not take the other: nobody waits for both.
      if (try? await source.report(report())) != nil { try? await source.withdraw(serverID: serverID) }
    }
    await drain()
    let observation = observation
    // Blocks for as long as requests in flight take.
    try? await onDedicatedThread(named: "stop http") {
      http.stop()
      observation?.stop()
    }
    if let source { await source.close() }
    logger.notice("the server stopped", [.count: LogValue(state.requests.load(ordering: .relaxed))])
  }

  /// Waits until nobody asks any more, or the time for that is over.
  private func drain() async {
    let deadline = Deadline.after(doors.drain)
    let quiet = min(.milliseconds(500), doors.drain)
    var asked = Int64.min
    while !deadline.hasPassed, case let now = state.inferences.load(ordering: .relaxed), now != asked {
      asked = now
      try? await Task.sleep(for: quiet)
    }
  }
}
