/// What a server gives to its clients at most. The defaults suit a server beside others on one machine.
public struct HTTPLimits: Sendable, Hashable {
  /// Request line and headers; more: 431. The library itself ends connections beyond about 30 KiB.
  public var headBytesMax = 16 << 10
  /// One body; more: 413.
  public var bodyBytesMax = 16 << 20
  /// All bodies together that are arriving or wait for an answer, and all answers until they are sent; beyond: 503 with
  /// Retry-After.
  public var bodiesBytesMax = 256 << 20
  /// Connections; for one more, the one of the address with the most that was quiet for longest is ended.
  public var connectionsMax = 1024
  /// From a connection's beginning to its first whole head; later: 408.
  public var headTimeout: Duration = .seconds(10)
  /// From a request's head to the end of its answer, however it comes and goes; a body that is not there by then: 408.
  public var requestTimeout: Duration = .seconds(30)
  /// How long a request waits for the slow lane; longer: 503 with Retry-After.
  public var queueTimeout: Duration = .seconds(5)
  /// Between requests, and without any traffic; whole seconds.
  public var idleTimeout: Duration = .seconds(60)

  public init() {}

  /// Bodies and answers up to this size always find room: they are no part of the total.
  static let smallBodyBytes = 16 << 10
  /// What the library keeps of a connection, its head among it, in one piece (`retrain_http_start`).
  static let connectionMemoryBytes = 32 << 10
  /// A body that is refused is read and thrown away up to this size, so that the client gets to read why.
  var drainBytesMax: Int { max(4 * bodyBytesMax, 1 << 20) }
  /// How often the connections are looked through.
  var tick: Duration {
    max(.milliseconds(10), min(.milliseconds(250), headTimeout / 4, requestTimeout / 4, queueTimeout / 4))
  }
}
