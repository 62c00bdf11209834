import Confinement
import Foundation
import HTTP
import Pipelines
import Registry
import Synchronization
import Telemetry
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
  private let wakes: AsyncStream<Wake>
  private let waker: AsyncStream<Wake>.Continuation
  private let isStopRequested = Mutex(false)

  private var source: (any VersionSource)?
  private var http: HTTPServer?
  /// A version that could not be loaded: it is not tried at every tick.
  private var refused: StableVersion?
  private var registryIsReachable = true

  package init(
    pipeline: Pipeline, serverID: String, logger: Logger, metrics: MetricsRegistry = MetricsRegistry(),
    tick: Duration = .seconds(1), openSource: @escaping @Sendable () async throws -> any VersionSource
  ) {
    self.pipeline = pipeline
    self.serverID = serverID
    self.logger = logger
    self.metrics = ServerMetrics(metrics, pipeline: pipeline.name)
    self.tick = tick
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
    metrics: MetricsRegistry = MetricsRegistry(), serverID: String = "server-" + UUID().uuidString.lowercased()
  ) {
    self.init(pipeline: pipeline, serverID: serverID, logger: logger, metrics: metrics) {
      try await RegistryVersionSource(pipelineName: pipelineName, database: database, applicationName: serverID)
    }
  }

  /// Where it listens; nil before it does.
  package var port: Int? { http?.port }

  /// Serves until `requestStop` or cancellation, then lets requests in flight finish.
  ///
  /// - Throws: `HTTPError` when the address cannot be listened on. An absent registry is waited for.
  public func run() async throws {
    let answering = RequestAnswering(pipeline: pipeline, state: state, metrics: metrics, page: page)
    let http = try HTTPServer.start(
      address: pipeline.serving.address, port: pipeline.serving.port, threads: pipeline.serving.threads,
      handler: { answering.answer(method: $0.method, path: $0.path, body: $0.body) })
    self.http = http
    page.update(address: "\(http.address):\(http.port)")
    logger.notice("the server listens", [.address: LogValue(http.address), .port: LogValue(http.port)])
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
    let health = try await source.health(ofCheckpoint: stable.checkpoint)
    let start = ContinuousClock.now
    let loaded: LoadedVersion
    do {
      loaded = try await loader.load(stable, state: bytes)
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
    ServerReport(
      id: serverID, address: http?.address ?? pipeline.serving.address, port: http?.port ?? pipeline.serving.port,
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

  private func stop(_ http: HTTPServer) async {
    // Blocks for as long as requests in flight take.
    try? await onDedicatedThread(named: "stop http") { http.stop() }
    if let source {
      // Where the database does not take the one, it does not take the other: nobody waits for both.
      if (try? await source.report(report())) != nil { try? await source.withdraw(serverID: serverID) }
      await source.close()
    }
    logger.notice("the server stopped", [.count: LogValue(state.requests.load(ordering: .relaxed))])
  }
}
