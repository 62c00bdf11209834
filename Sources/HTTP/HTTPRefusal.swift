/// Why a request is not passed on: the status and one sentence, sent as `{"error": …}`.
public struct HTTPRefusal: Error {
  let status: Int
  let message: String
  var headers: [(name: String, value: String)] = []
  /// Where the message ends is in doubt, or nothing more is to be read: the connection ends with the answer.
  var endsConnection = false

  /// - Parameter message: Our own words: nothing of the request is in them, and nothing that JSON escapes.
  public init(status: Int, message: String, headers: [(name: String, value: String)] = []) {
    self.init(status: status, message: message, headers: headers, endsConnection: false)
  }

  init(
    status: Int, message: String, headers: [(name: String, value: String)] = [], endsConnection: Bool
  ) {
    self.status = status
    self.message = message
    self.headers = headers
    self.endsConnection = endsConnection
  }

  static func malformed(_ message: String) -> HTTPRefusal {
    HTTPRefusal(status: 400, message: message, endsConnection: true)
  }

  static func tooLarge(_ bytesMax: Int) -> HTTPRefusal {
    HTTPRefusal(status: 413, message: "the body is larger than the \(bytesMax) bytes allowed")
  }

  static let crowded = HTTPRefusal(
    status: 503, message: "too many large requests and answers are on their way: try again",
    headers: [("Retry-After", "1")])

  /// Work that waits for longer than it may.
  static let busy = HTTPRefusal(
    status: 503, message: "too many requests that take their time wait for their turn: try again",
    headers: [("Retry-After", "1")])

  static func late(_ timeout: Duration) -> HTTPRefusal {
    HTTPRefusal(status: 408, message: "the request did not arrive within \(timeout)", endsConnection: true)
  }

  /// The messages are our own words and figures: nothing in them needs an escape.
  private var body: String { #"{"error":"\#(message)"}"# }

  var response: HTTPResponse {
    var response = HTTPResponse(status: status, body: Array(body.utf8))
    response.headers = headers + (endsConnection ? [("Connection", "close")] : [])
    return response
  }

  /// The whole answer, for a connection on which the library takes none yet.
  var wire: [UInt8] {
    let reason = status == 408 ? "Request Timeout" : status == 413 ? "Content Too Large" : "Error"
    return Array(
      ("HTTP/1.1 \(status) \(reason)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        + "Connection: close\r\n\r\n\(body)").utf8)
  }
}
