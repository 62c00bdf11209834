/// An answer: bytes, or a stream of events that goes on.
public struct HTTPResponse: Sendable {
  public enum Content: Sendable {
    case bytes([UInt8])
    /// `text/event-stream`: what the stream's owner sends, until it finishes or the client leaves.
    case events(EventStream)
    /// None yet: this will take long, so the handler is asked again on the slow lane.
    case later
  }

  public var status: Int
  public var contentType: StaticString
  public var content: Content
  /// Further headers.
  public var headers: [(name: String, value: String)] = []

  public init(status: Int = 200, contentType: StaticString = "application/json", body: [UInt8]) {
    self.status = status
    self.contentType = contentType
    content = .bytes(body)
  }

  public init(status: Int = 200, contentType: StaticString = "text/plain; charset=utf-8", text: String) {
    self.init(status: status, contentType: contentType, body: Array(text.utf8))
  }

  public init(events: EventStream) {
    status = 200
    contentType = "text/event-stream"
    content = .events(events)
    headers = [("Cache-Control", "no-store")]
  }

  /// Asks for the slow lane. Only where the request is not on it already.
  public static var later: HTTPResponse {
    var response = HTTPResponse(status: 503, text: "")
    response.content = .later
    return response
  }
}
