import Confinement
import Foundation
import Learning
import Pipelines
import Registry
import Synchronization
import Telemetry
import Vocabulary

/// One model that a server answers with: the stable version of a pipeline and its canary, followed as they change.
///
/// The registry says which versions those are; while it cannot be reached, those in memory go on answering.
actor ModelService {
  nonisolated let pipeline: Pipeline
  nonisolated let state = ServingState()
  nonisolated let metrics: ServerMetrics
  nonisolated let page: StatusPage
  nonisolated let answering: RequestAnswering
  private let serverID: String
  private let logger: Logger
  private let openSource: @Sendable () async throws -> any VersionSource
  private let keeper: VersionKeeper
  private let tick: Duration
  /// Looks, loads and reports each go on by themselves: a look never waits for the other two.
  private let wakes = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
  private let loads = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
  private let reports = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
  private let isStopRequested = Mutex(false)

  private var source: (any VersionSource)?
  private var registryIsReachable = true
  private var place = ServerPlace()

  init(
    pipeline: Pipeline, serverID: String, logger: Logger, metrics: MetricsRegistry, tick: Duration,
    further: [any EncoderPlan] = [], openSource: @escaping @Sendable () async throws -> any VersionSource
  ) {
    self.pipeline = pipeline
    self.serverID = serverID
    self.logger = logger
    self.metrics = ServerMetrics(metrics, pipeline: pipeline.name)
    self.tick = tick
    self.openSource = openSource
    page = StatusPage(pipelineName: pipeline.name)
    answering = RequestAnswering(pipeline: pipeline, state: state, metrics: self.metrics, page: page)
    keeper = VersionKeeper(
      pipeline: pipeline, state: state, metrics: self.metrics, page: page, logger: logger, further: further)
  }

  /// Follows the registry until `requestStop` or cancellation.
  func follow(at place: ServerPlace) async {
    self.place = place
    page.update(address: place.address.description)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.wakeRegularly() }
      group.addTask { await self.wakeOnChanges() }
      group.addTask { for await _ in self.loads.stream { await self.load() } }
      group.addTask { for await _ in self.reports.stream { await self.tell() } }
      for await _ in wakes.stream {
        await look()
        if isStopRequested.withLock({ $0 }) { break }
      }
      group.cancelAll()
    }
  }

  /// Ends `follow` soon. Any thread.
  nonisolated func requestStop() {
    isStopRequested.withLock { $0 = true }
    wakes.continuation.finish()
  }

  /// Has nobody find the server any more for this model.
  func leave() async {
    guard let source else { return }
    // Where the database does not take the one, it does not take the other: nobody waits for both.
    if (try? await source.report(report())) != nil { try? await source.withdraw(serverID: serverID) }
  }

  func close() async {
    await source?.close()
    source = nil
  }

  private func wakeRegularly() async {
    while !Task.isCancelled {
      wakes.continuation.yield()
      reports.continuation.yield()
      try? await Task.sleep(for: tick)
    }
  }

  /// Wakes the loop at once when the registry tells of a change; when the telling ends, the ticks go on.
  private func wakeOnChanges() async {
    while !Task.isCancelled {
      try? await source?.eachChange { wakes.continuation.yield() }
      try? await Task.sleep(for: tick)
    }
  }

  /// Looks which versions are in play, and takes them up.
  private func look() async {
    do {
      let answering = state.version?.number
      let wanted = try await openedSource().servingVersions()
      let isMissing = await keeper.follow(wanted)
      if await keeper.remembers || isMissing { loads.continuation.yield() }
      if state.version?.number != answering { reports.continuation.yield() }
      noteRegistry(reachable: true)
    } catch {
      noteRegistry(reachable: false, error)
    }
  }

  private func load() async {
    guard let source else { return }
    do { try await keeper.loadMissing(from: source) } catch { noteRegistry(reachable: false, error) }
    await keeper.followMemory(from: source)
    reports.continuation.yield()
  }

  private func tell() async {
    guard let source else { return }
    do { try await source.report(report()) } catch { noteRegistry(reachable: false, error) }
  }

  private func openedSource() async throws -> any VersionSource {
    if let source { return source }
    let opened = try await openSource()
    source = opened
    return opened
  }

  private func report() -> ServerReport {
    ServerReport(
      id: serverID, address: place.address.host, port: Int(place.address.port), metricsAddress: place.metrics,
      version: state.version?.number, requests: state.requests.load(ordering: .relaxed),
      failures: state.failures.load(ordering: .relaxed), outputs: state.outputs, split: state.splitReport,
      answers: state.splitAnswers)
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
      "the registry cannot be reached; the versions in memory go on answering", [.error: LogValue(describing: error)])
  }
}

/// Where a server is reached, as the registry tells it.
struct ServerPlace: Sendable {
  var address = HostPort(host: "", port: 0)
  /// Where metrics are answered.
  var metrics = ""
}
