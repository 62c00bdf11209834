import HTTP
import Pipelines
public import Vocabulary

/// Where a server is reached, beside what the pipeline says of all servers.
public struct ServerDoors: Sendable {
  /// Where it listens instead of the pipeline's `serving`.
  public var listen: HostPort?
  /// Where others reach it, as the registry tells them; port 0: the one it listens on.
  public var advertise: HostPort?
  /// Where health, metrics and status are answered too.
  public var observation: HostPort?
  /// At the end: how long it goes on answering, not ready, as long as somebody asks.
  public var drain: Duration

  public init(
    listen: HostPort? = nil, advertise: HostPort? = nil, observation: HostPort? = nil, drain: Duration = .seconds(5)
  ) {
    self.listen = listen
    self.advertise = advertise
    self.observation = observation
    self.drain = drain
  }

  /// What the registry is told. Nobody elsewhere can do anything with 0.0.0.0: then it is this machine's own address.
  func advertised(listening: HostPort) -> HostPort {
    if let advertise {
      return HostPort(host: advertise.host, port: advertise.port == 0 ? listening.port : advertise.port)
    }
    return MachineAddress.reachable(listening)
  }
}

extension HTTPLimits {
  init(_ serving: ServingSettings) {
    self.init()
    bodyBytesMax = serving.bodyBytesMax
    bodiesBytesMax = 16 * serving.bodyBytesMax
    connectionsMax = serving.connectionsMax
    requestTimeout = serving.requestTimeout
    queueTimeout = min(serving.queueTimeout, serving.requestTimeout)
    headTimeout = min(headTimeout, serving.requestTimeout)
    // A second head that comes in drops is idleness, as far as anybody can tell.
    idleTimeout = max(.seconds(1), min(idleTimeout, serving.requestTimeout))
  }
}
