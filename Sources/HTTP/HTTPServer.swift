import CMicrohttpd
public import Cryptography
import Glibc
import Synchronization
public import Vocabulary

/// HTTP/1.1 requests in, answers out: libmicrohttpd behind polling threads of ours (`PollingThread`). Any thread.
///
/// The handler runs on a polling thread and holds its other connections up while it works: answer in microseconds, or
/// ask for the slow lane with `HTTPResponse.later`.
public final class HTTPServer: Sendable {
  /// Where it listens, with the port that was found.
  public let address: HostPort
  private let handling: RequestHandling
  /// None once it was stopped.
  private let pollers: Mutex<[PollingThread]>

  public var port: Int { Int(address.port) }

  private init(address: HostPort, handling: RequestHandling, pollers: [PollingThread]) {
    self.address = address
    self.handling = handling
    self.pollers = Mutex(pollers)
  }

  deinit {
    precondition(pollers.withLock { $0.isEmpty }, "a server is stopped before it is dropped")
  }

  /// Opens the door.
  ///
  /// - Parameters:
  ///   - address: Loopback unless told; a numeric address, IPv4 or IPv6, or a name of this machine. `::` takes both.
  ///   - port: 0: any free one.
  ///   - threads: Polling threads; connections are dealt among them.
  ///   - certificate: What it proves itself with, over TLS 1.2 or 1.3; nil: plain HTTP.
  ///   - onEvent: Told what the server does by itself.
  ///   - gate: Asked of each request once its head is there, and before its body is: what it gives is the answer.
  /// - Throws: `HTTPError`.
  public static func start(
    address: String = "127.0.0.1", port: Int = 0, threads: Int = 1, limits: HTTPLimits = HTTPLimits(),
    certificate: ServerCertificate? = nil, onEvent: @escaping @Sendable (HTTPEvent) -> Void = { _ in },
    gate: (@Sendable (HTTPRequest) -> HTTPRefusal?)? = nil,
    handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse
  ) throws -> HTTPServer {
    guard let wanted = UInt16(exactly: port) else {
      throw HTTPError(code: .unavailable, address: address, reason: "\(port) is no port")
    }
    let target = try ListenAddress(address, port: wanted)
    var limits = limits
    limits.connectionsMax = DescriptorLimit.connections(wanted: limits.connectionsMax)
    let handling = RequestHandling(
      limits: limits, isSecure: certificate != nil, tell: onEvent, gate: gate, handler: handler)
    var flags = MHD_USE_EPOLL.rawValue | MHD_USE_TURBO.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue
    if target.family == AF_INET6 {
      flags |= target.isWildcard ? MHD_USE_DUAL_STACK.rawValue : MHD_USE_IPv6.rawValue
    }
    let idle = UInt32(clamping: max(1, limits.idleTimeout.milliseconds(rounding: .up) / 1000))
    // Connections are dealt less evenly than a limit could be: the doorkeeper counts for all.
    let connectionsMax = UInt32(clamping: limits.connectionsMax + 2 * Doorkeeper.reserve)
    var pollers: [PollingThread] = []
    var listening: OpaquePointer?
    for _ in 0..<max(1, threads) {
      errno = 0
      let listener = listening.map { fcntl(retrain_http_listener($0), F_DUPFD_CLOEXEC, 0) } ?? -1
      let daemon =
        listening != nil && listener < 0
        ? nil
        : target.withPointer {
          open(
            flags, $0, listener: listener, connectionsMax: connectionsMax, idleSeconds: idle, handling, certificate)
        }
      guard let daemon else {
        let number = errno
        if listener >= 0 { close(listener) }
        handling.bells.removeAll()
        for poller in pollers { poller.close() }
        throw HTTPError(
          code: number == EADDRINUSE ? .addressInUse : .unavailable,
          address: HostPort(host: address, port: wanted).description,
          reason: number == 0 ? "the HTTP library did not start" : String(cString: strerror(number)))
      }
      listening = listening ?? daemon
      pollers.append(PollingThread(daemon, handling.bells))
    }
    let port = listening.map { retrain_http_port($0) } ?? 0
    for poller in pollers { poller.start() }
    handling.doorkeeper.start()
    handling.lane.start()
    return HTTPServer(address: HostPort(host: address, port: port), handling: handling, pollers: pollers)
  }

  /// A handle of the library, without a thread.
  private static func open(
    _ flags: UInt32, _ address: UnsafePointer<sockaddr>, listener: Int32, connectionsMax: UInt32, idleSeconds: UInt32,
    _ handling: RequestHandling, _ certificate: ServerCertificate?
  ) -> OpaquePointer? {
    retrain_http_start(
      flags, address,
      { context, connection, target, method, version, piece, pieceBytes, slot in
        guard let context, let connection, let target, let method, let version, let pieceBytes, let slot else {
          return .NO
        }
        return Unmanaged<RequestHandling>.fromOpaque(context).takeUnretainedValue().handle(
          connection, target: target, method: method, version: version, piece: piece, pieceBytes: pieceBytes,
          slot: slot)
      },
      { context, _, slot, _ in
        guard let context, let slot else { return }
        Unmanaged<RequestHandling>.fromOpaque(context).takeUnretainedValue().complete(slot)
      },
      { context, connection, slot, event in
        guard let context, let connection, let slot else { return }
        let handling = Unmanaged<RequestHandling>.fromOpaque(context).takeUnretainedValue()
        if retrain_http_comes(event) != 0 {
          handling.connected(connection, slot)
        } else {
          handling.disconnected(slot)
        }
      },
      Unmanaged.passUnretained(handling).toOpaque(), listener, connectionsMax, idleSeconds, certificate?.callback)
  }

  /// Requests begun and not yet answered in full.
  public var requestsInFlight: Int { handling.inFlight.load(ordering: .relaxed) }

  /// From now on every answer is the last one on its connection, so that clients go elsewhere; newcomers still get in.
  public func beginStopping() { handling.isStopping.store(true, ordering: .sequentiallyConsistent) }

  /// Closes the door to newcomers, lets requests in flight finish until `deadline`, then ends all connections. Blocks.
  ///
  /// - Parameter patience: How much longer than that the slow lane may take for the request in hand. Where it takes longer
  ///   still, this returns, and the connections are ended when it is done: the library must not stop before.
  public func stop(until deadline: Deadline = .after(.seconds(5)), patience: Duration = .seconds(10)) {
    let pollers = pollers.withLock { pollers in
      defer { pollers = [] }
      return pollers
    }
    guard !pollers.isEmpty else { return }
    beginStopping()
    let listeners = pollers.map { $0.quiesce() }
    handling.waitForRequests(until: deadline)
    let handling = handling
    handling.lane.stop(until: .after(patience)) { isLate in
      if isLate { handling.waitForRequests(until: .after(.seconds(5))) }
      // Before the library: what it has resumed must be resumed by then.
      handling.doorkeeper.stop()
      handling.bells.removeAll()
      for poller in pollers { poller.beginEnding() }
      for poller in pollers { poller.end() }
      for listener in listeners where listener >= 0 { close(listener) }
    }
  }
}
