import Confinement
import Cryptography
public import Foundation
import HTTP
package import Learning
public import Pipelines
public import Registry
import Synchronization
public import Telemetry
import Vocabulary

/// Answers predictions with the stable version of each of its pipelines and its canary, at one address.
public actor ServerService {
  private let models: [ModelService]
  private let logger: Logger
  private let tick: Duration
  private let doors: ServerDoors

  private var http: HTTPServer?
  /// Health and metrics on an address of their own.
  private var observation: HTTPServer?
  private var certificateFiles: CertificateFiles?

  /// - Parameter further: Encoders that the pipelines do not describe.
  package init(
    pipelines: [Pipeline], serverID: String, logger: Logger, metrics: MetricsRegistry = MetricsRegistry(),
    doors: ServerDoors = ServerDoors(drain: .zero), tick: Duration = .seconds(1), further: [any EncoderPlan] = [],
    openSource: @escaping @Sendable (_ pipeline: String) async throws -> any VersionSource
  ) {
    precondition(!pipelines.isEmpty, "a server answers with one model at least")
    // Whatever thread asks a model finds a predictor that is free.
    let threads = pipelines.map(\.serving.threads).max() ?? 1
    models = pipelines.map { pipeline in
      var pipeline = pipeline
      pipeline.serving.threads = threads
      let name = pipeline.name
      return ModelService(
        pipeline: pipeline, serverID: serverID, logger: logger, metrics: metrics, tick: tick, further: further,
        openSource: { try await openSource(name) })
    }
    self.logger = logger
    self.tick = tick
    self.doors = doors
  }

  package init(
    pipeline: Pipeline, serverID: String, logger: Logger, metrics: MetricsRegistry = MetricsRegistry(),
    doors: ServerDoors = ServerDoors(drain: .zero), tick: Duration = .seconds(1),
    openSource: @escaping @Sendable () async throws -> any VersionSource
  ) {
    self.init(
      pipelines: [pipeline], serverID: serverID, logger: logger, metrics: metrics, doors: doors, tick: tick,
      openSource: { _ in try await openSource() })
  }

  /// A server that follows the registry in `database`.
  ///
  /// - Parameters:
  ///   - pipelines: One at least, of different names. The first says where it listens, all say the same of who is let in.
  ///   - serverID: Unique for each start of a process.
  public init(
    pipelines: [Pipeline], database: DatabaseLocation, logger: Logger,
    metrics: MetricsRegistry = MetricsRegistry(), serverID: String = "server-" + UUID().uuidString.lowercased(),
    doors: ServerDoors = ServerDoors()
  ) {
    let links = RegistryLinks(database: database, applicationName: serverID)
    self.init(pipelines: pipelines, serverID: serverID, logger: logger, metrics: metrics, doors: doors) { name in
      try await RegistryVersionSource(pipelineName: name, links: links)
    }
  }

  /// Where it listens; nil before it does.
  package var port: Int? { http?.port }
  /// Where health and metrics are beside; nil: nowhere, or not yet.
  package var observationPort: Int? { observation?.port }

  /// Serves until `requestStop` or cancellation, then lets requests in flight finish.
  ///
  /// - Throws: `HTTPError` when the address cannot be listened on, `ServingRefusal` when it must not be. An absent registry
  ///   is waited for.
  public func run() async throws {
    let (http, place) = try openDoors()
    await withTaskCancellationHandler {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.watchCertificate() }
        await withTaskGroup(of: Void.self) { group in
          for model in models { group.addTask { await model.follow(at: place) } }
        }
        group.cancelAll()
      }
    } onCancel: {
      requestStop()
    }
    await stop(http)
  }

  /// What all of its pipelines say of the server.
  private func commonSettings() throws -> ServingSettings {
    var serving = models[0].pipeline.serving
    for other in models.dropFirst().map(\.pipeline) {
      guard other.serving.tls == serving.tls, other.serving.tokens == serving.tokens,
        other.serving.isOpen == serving.isOpen
      else {
        throw ServingRefusal(
          "the pipelines \(models[0].pipeline.name) and \(other.name) differ in serving.tls, serving.tokens or serving.open: "
            + "one server lets the same people in for all its models, so give both the same")
      }
      serving.bodyBytesMax = max(serving.bodyBytesMax, other.serving.bodyBytesMax)
      serving.connectionsMax = max(serving.connectionsMax, other.serving.connectionsMax)
    }
    return serving
  }

  private func openDoors() throws -> (HTTPServer, ServerPlace) {
    let router = ModelRouter(models.map(\.answering))
    // What no model was asked for counts as the first one's.
    let (state, metrics) = (models[0].state, models[0].metrics)
    let onEvent: @Sendable (HTTPEvent) -> Void = { event in
      switch event {
      case .refused(let status):
        metrics.count(status: status)
        state.count(status: status)
      case .evicted: metrics.evictions.increment()
      }
    }
    let serving = try commonSettings()
    let host = doors.listen?.host ?? serving.address
    if let problem = serving.exposure(at: host) { throw ServingRefusal(problem) }
    let access = try Access(serving.tokens)
    let gate: @Sendable (HTTPRequest) -> HTTPRefusal? = { access.refusal($0) }
    certificateFiles = try serving.tls.map { try CertificateFiles($0) }
    let certificate = certificateFiles?.certificate
    noteCertificate()
    let http: HTTPServer
    do {
      http = try HTTPServer.start(
        address: host, port: doors.listen.map { Int($0.port) } ?? serving.port,
        threads: serving.threads, limits: HTTPLimits(serving), certificate: certificate, onEvent: onEvent,
        gate: access.isGuarded ? gate : nil, handler: { router.answer(ServerQuestion($0)) })
    } catch {
      certificate?.close()
      throw error
    }
    if let address = doors.observation {
      do {
        // Probes of this machine need no TLS to be told what they are told; a token is asked for where somebody has one
        // for just that.
        observation = try HTTPServer.start(
          address: address.host, port: Int(address.port),
          certificate: ServingSettings.isLoopback(address.host) ? nil : certificate, onEvent: onEvent,
          gate: access.hasReaders ? gate : nil, handler: { router.observe(ServerQuestion($0)) })
      } catch {
        http.stop()
        certificate?.close()
        throw error
      }
    }
    self.http = http
    let listening = observation?.address ?? http.address
    let advertised = doors.advertised(listening: http.address)
    logger.notice(
      "the server listens",
      [
        .address: LogValue(http.address.host), .port: LogValue(http.port),
        .advertised: LogValue(advertised.description),
      ])
    return (
      http, ServerPlace(address: advertised, metrics: MachineAddress.reachable(listening).description)
    )
  }

  /// Ends `run` soon. Any thread.
  public nonisolated func requestStop() { for model in models { model.requestStop() } }

  private func noteCertificate() {
    guard let end = certificateFiles?.certificate.end else { return }
    for model in models { model.metrics.certificateEnd.set(end.timeIntervalSince1970) }
  }

  private func watchCertificate() async {
    guard certificateFiles != nil else { return }
    while !Task.isCancelled {
      lookAtCertificate()
      try? await Task.sleep(for: tick)
    }
  }

  private func lookAtCertificate() {
    do {
      guard try certificateFiles?.look() == true else { return }
      noteCertificate()
      logger.notice("the certificate was read anew")
    } catch {
      logger.error(
        "the certificate has changed and cannot be used; the one before goes on", [.error: LogValue(describing: error)])
    }
  }

  /// First nobody is to find it, then what still comes is answered, then the door closes behind what is in flight.
  private func stop(_ http: HTTPServer) async {
    for model in models { model.state.isStopping.store(true, ordering: .relaxed) }
    http.beginStopping()
    for model in models { await model.leave() }
    await drain()
    let observation = observation
    // Blocks for as long as requests in flight take.
    try? await onDedicatedThread(named: "stop http") {
      http.stop()
      observation?.stop()
    }
    certificateFiles?.certificate.close()
    for model in models { await model.close() }
    let requests = models.reduce(0) { $0 + $1.state.requests.load(ordering: .relaxed) }
    logger.notice("the server stopped", [.count: LogValue(requests)])
  }

  /// Waits until nobody asks any more, or the time for that is over.
  private func drain() async {
    let deadline = Deadline.after(doors.drain)
    let quiet = min(.milliseconds(500), doors.drain)
    var asked = Int64.min
    while !deadline.hasPassed, case let now = inferences, now != asked {
      asked = now
      try? await Task.sleep(for: quiet)
    }
  }

  private var inferences: Int64 { models.reduce(0) { $0 + $1.state.inferences.load(ordering: .relaxed) } }
}
