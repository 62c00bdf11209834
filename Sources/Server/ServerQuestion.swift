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
  /// `X-Retrain-Key`: whose request this is, where the body says nothing of it.
  var key: String?
  /// `X-Retrain-Version`: the version that is to answer; nil: whichever it is the turn of.
  var version: String?
  /// `?model=`: which model is meant, where the path does not say.
  var model: String?
  /// `?explain=true`: what the answer owes to each feature is wanted too.
  var explains = false
  /// Whether the answer may take its time.
  var isDeferred: Bool

  package init(
    method: HTTPMethod, path: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, coding: String? = nil,
    headerLength: String? = nil, key: String? = nil, version: String? = nil, model: String? = nil,
    explains: Bool = false, isDeferred: Bool = false
  ) {
    self.method = method
    self.path = path
    self.body = body
    self.coding = coding
    self.headerLength = headerLength
    self.key = key
    self.version = version
    self.model = model
    self.explains = explains
    self.isDeferred = isDeferred
  }

  package init(_ request: HTTPRequest) {
    self.init(
      method: request.method, path: request.path, body: request.body, isDeferred: request.isDeferred)
    model = request.queryValue("model")
    guard method == .post else { return }
    if let text = request.queryValue("explain") { explains = text == "true" || text == "1" }
    request.eachHeader { header in
      // Most headers are told by the length of their names.
      switch header.name.count {
      case 13 where header.isNamed("x-retrain-key"): key = header.text(after: key)
      case 16 where header.isNamed("content-encoding"): coding = header.text(after: coding)
      case 17 where header.isNamed("x-retrain-version"): version = header.text(after: version)
      case 31 where header.isNamed(BinaryTensors.headerLength): headerLength = header.text(after: headerLength)
      default: break
      }
    }
  }
}
