package import HTTP

/// What is asked of the server, as far as an answer depends on it. Its pointers live as long as the request.
package struct ServerQuestion {
  var method: HTTPMethod
  var path: UnsafeRawBufferPointer
  var body: UnsafeRawBufferPointer
  /// `Content-Encoding`: how the body is compressed.
  var coding: String?
  /// `Inference-Header-Content-Length`: how much of the body is JSON; the tensors' bytes follow.
  var headerLength: String?
  /// Whether the answer may take its time.
  var isDeferred: Bool

  package init(
    method: HTTPMethod, path: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, coding: String? = nil,
    headerLength: String? = nil, isDeferred: Bool = false
  ) {
    self.method = method
    self.path = path
    self.body = body
    self.coding = coding
    self.headerLength = headerLength
    self.isDeferred = isDeferred
  }

  init(_ request: HTTPRequest) {
    self.init(
      method: request.method, path: request.path, body: request.body, isDeferred: request.isDeferred)
    guard method == .post else { return }
    coding = request.header("Content-Encoding")
    headerLength = request.header(BinaryTensors.headerLength)
  }
}
