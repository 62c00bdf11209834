public import Vocabulary

/// Where those who watch a process look in: `/metrics`, and whether it lives and works. Any thread.
///
/// Under `/healthz` and `/v2/health/live` it says that the process lives, under `/v2/health/ready` whether it does its work.
public final class ObservationDoor: Sendable {
  /// `Content-Type` of metrics as text.
  public static let metricsType: StaticString = "text/plain; version=0.0.4; charset=utf-8"

  private let server: HTTPServer

  /// Where it listens, with the port that was found.
  public var address: HostPort { server.address }

  /// - Parameters:
  ///   - address: Port 0: any free one.
  ///   - metrics: The text for Prometheus; called on the door's own thread, one call at a time.
  ///   - isReady: Whether the process does what it is there for.
  /// - Throws: `HTTPError` when the address cannot be listened on.
  public init(
    _ address: HostPort, metrics: @escaping @Sendable () -> String, isReady: @escaping @Sendable () -> Bool
  ) throws {
    var limits = HTTPLimits()
    // A few who scrape and a few who look: the process has other work.
    (limits.connectionsMax, limits.bodyBytesMax, limits.bodiesBytesMax) = (32, 0, 1 << 20)
    server = try HTTPServer.start(address: address.host, port: Int(address.port), limits: limits) { request in
      Self.answer(request.pathText, request.method, metrics, isReady)
    }
  }

  /// Lets answers in flight finish. Blocks for as long as they take.
  public func close() { server.stop(until: .after(.seconds(1))) }

  private static func answer(
    _ path: String, _ method: HTTPMethod, _ metrics: () -> String, _ isReady: () -> Bool
  ) -> HTTPResponse {
    guard method == .get || method == .head else {
      var refusal = json(#"{"error":"it is asked with GET or HEAD"}"#, status: 405)
      refusal.headers = [("Allow", "GET, HEAD")]
      return refusal
    }
    switch path {
    case "/metrics": return HTTPResponse(contentType: metricsType, text: metrics())
    case "/healthz", "/v2/health/live": return json(#"{"live":true}"#)
    case "/v2/health/ready":
      let isReady = isReady()
      return json(#"{"ready":\#(isReady)}"#, status: isReady ? 200 : 503)
    case "/": return HTTPResponse(text: "/metrics\n/healthz\n/v2/health/live\n/v2/health/ready\n")
    default: return json(#"{"error":"nothing is at this path"}"#, status: 404)
    }
  }

  private static func json(_ text: String, status: Int = 200) -> HTTPResponse {
    HTTPResponse(status: status, body: Array(text.utf8))
  }
}
