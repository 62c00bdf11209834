/// An answer.
public struct HTTPResponse: Sendable {
  public enum Content: Sendable {
    case bytes([UInt8])
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

  /// Asks for the slow lane. Only where the request is not on it already.
  public static var later: HTTPResponse {
    var response = HTTPResponse(status: 503, text: "")
    response.content = .later
    return response
  }
}
