import CMicrohttpd
import Glibc
import Synchronization
import Vocabulary

/// HTTP/1.1 requests in, answers out: libmicrohttpd behind polling threads of its own. Any thread.
///
/// The handler runs on a polling thread and holds its other connections up while it works: answer in microseconds, or
/// hand back an event stream.
public final class HTTPServer: Sendable {
  public let address: String
  public let port: Int
  private let handling: RequestHandling
  private let daemon: Mutex<Daemon?>

  /// The library's handle, as a value.
  private struct Daemon: @unchecked Sendable {  // Taken out of the mutex by the one call that stops it.
    let pointer: OpaquePointer
  }

  private init(address: String, port: Int, handling: RequestHandling, daemon: OpaquePointer) {
    self.address = address
    self.port = port
    self.handling = handling
    self.daemon = Mutex(Daemon(pointer: daemon))
  }

  deinit {
    precondition(daemon.withLock { $0 == nil }, "a server is stopped before it is dropped")
  }

  /// Opens the door.
  ///
  /// - Parameters:
  ///   - address: Loopback unless told.
  ///   - port: 0: any free one.
  ///   - threads: Polling threads; connections are dealt among them.
  ///   - bodyBytesMax: Larger bodies are answered with 413.
  ///   - connectionsMax: Further clients wait until one leaves.
  ///   - idleTimeout: A connection without traffic ends after this long, within a request too; whole seconds.
  /// - Throws: `HTTPError`.
  public static func start(
    address: String = "127.0.0.1", port: Int = 0, threads: Int = 1, bodyBytesMax: Int = 16 << 20,
    connectionsMax: Int = 1024, idleTimeout: Duration = .seconds(60),
    handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse
  ) throws -> HTTPServer {
    guard let wanted = UInt16(exactly: port) else {
      throw HTTPError(code: .unavailable, address: address, reason: "\(port) is no port")
    }
    let target = try ListenAddress(address, port: wanted)
    let handling = RequestHandling(bodyBytesMax: bodyBytesMax, handler: handler)
    var flags =
      MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_USE_TURBO.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue
    if target.family == AF_INET6 { flags |= MHD_USE_IPv6.rawValue }
    let daemon = target.withPointer { socketAddress in
      errno = 0
      return retrain_http_start(
        flags, socketAddress,
        { context, connection, path, method, _, piece, pieceBytes, slot in
          guard let context, let connection, let path, let method, let pieceBytes, let slot else { return .NO }
          return Unmanaged<RequestHandling>.fromOpaque(context).takeUnretainedValue().handle(
            connection, path: path, method: method, piece: piece, pieceBytes: pieceBytes, slot: slot)
        },
        { context, _, slot, _ in
          guard let context, let slot else { return }
          Unmanaged<RequestHandling>.fromOpaque(context).takeUnretainedValue().complete(slot)
        },
        Unmanaged.passUnretained(handling).toOpaque(), UInt32(clamping: threads), UInt32(clamping: connectionsMax),
        UInt32(clamping: max(1, idleTimeout.milliseconds(rounding: .up) / 1000)))
    }
    guard let daemon else {
      let number = errno
      throw HTTPError(
        code: number == EADDRINUSE ? .addressInUse : .unavailable, address: "\(address):\(port)",
        reason: number == 0 ? "the HTTP library did not start" : String(cString: strerror(number)))
    }
    return HTTPServer(
      address: address, port: Int(retrain_http_port(daemon)), handling: handling, daemon: daemon)
  }

  /// Requests begun and not yet answered in full.
  public var requestsInFlight: Int { handling.inFlight.load(ordering: .relaxed) }

  /// Closes the door to newcomers, lets requests in flight finish until `deadline`, then ends all connections. Blocks.
  public func stop(until deadline: Deadline = .after(.seconds(5))) {
    guard let daemon = daemon.withLock({ $0.take() }) else { return }
    handling.isStopping.store(true, ordering: .sequentiallyConsistent)
    let listener = MHD_quiesce_daemon(daemon.pointer)
    handling.finishStreams()
    while requestsInFlight > 0, !deadline.hasPassed { usleep(1000) }
    MHD_stop_daemon(daemon.pointer)
    if listener >= 0 { close(listener) }
  }
}
