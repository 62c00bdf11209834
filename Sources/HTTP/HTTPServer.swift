import CMicrohttpd
public import Cryptography
import Glibc
import Synchronization
public import Vocabulary

/// HTTP/1.1 requests in, answers out: libmicrohttpd behind polling threads of its own. Any thread.
///
/// The handler runs on a polling thread and holds its other connections up while it works: answer in microseconds, or
/// ask for the slow lane with `HTTPResponse.later`.
public final class HTTPServer: Sendable {
  /// Where it listens, with the port that was found.
  public let address: HostPort
  private let handling: RequestHandling
  private let daemon: Mutex<Daemon?>

  public var port: Int { Int(address.port) }

  /// The library's handle, as a value.
  private struct Daemon: @unchecked Sendable {  // Taken out of the mutex by the one call that stops it.
    let pointer: OpaquePointer
  }

  private init(address: HostPort, handling: RequestHandling, daemon: OpaquePointer) {
    self.address = address
    self.handling = handling
    self.daemon = Mutex(Daemon(pointer: daemon))
  }

  deinit {
    precondition(daemon.withLock { $0 == nil }, "a server is stopped before it is dropped")
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
    var flags =
      MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_USE_TURBO.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue
    if target.family == AF_INET6 {
      flags |= target.isWildcard ? MHD_USE_DUAL_STACK.rawValue : MHD_USE_IPv6.rawValue
    }
    let threads = max(1, threads)
    // The library deals its limit out among its threads, and connections less evenly: the doorkeeper counts for all.
    let connectionsMax = (limits.connectionsMax + 2 * Doorkeeper.reserve) * threads
    let daemon = target.withPointer { socketAddress in
      errno = 0
      return retrain_http_start(
        flags, socketAddress,
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
        Unmanaged.passUnretained(handling).toOpaque(), UInt32(clamping: threads), UInt32(clamping: connectionsMax),
        UInt32(clamping: max(1, limits.idleTimeout.milliseconds(rounding: .up) / 1000)),
        certificate?.callback)
    }
    guard let daemon else {
      let number = errno
      throw HTTPError(
        code: number == EADDRINUSE ? .addressInUse : .unavailable,
        address: HostPort(host: address, port: wanted).description,
        reason: number == 0 ? "the HTTP library did not start" : String(cString: strerror(number)))
    }
    handling.doorkeeper.start()
    handling.lane.start()
    return HTTPServer(
      address: HostPort(host: address, port: retrain_http_port(daemon)), handling: handling, daemon: daemon)
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
    guard let daemon = daemon.withLock({ $0.take() }) else { return }
    beginStopping()
    let listener = MHD_quiesce_daemon(daemon.pointer)
    handling.waitForRequests(until: deadline)
    let handling = handling
    handling.lane.stop(until: .after(patience)) { isLate in
      if isLate { handling.waitForRequests(until: .after(.seconds(5))) }
      // Before the library: what it has resumed must be resumed by then.
      handling.doorkeeper.stop()
      MHD_stop_daemon(daemon.pointer)
      if listener >= 0 { close(listener) }
    }
  }
}
