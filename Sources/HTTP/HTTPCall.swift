import CCurl
public import Vocabulary

/// One request out, over a connection of its own: libcurl. For single questions, not for load; any thread, which it holds.
///
/// It goes where it is told and nowhere else: no redirect is followed, and no proxy is asked, whatever the environment
/// names (the entrance alone reads that, and a server on loopback is not reached through any).
public struct HTTPCall: Sendable {
  /// `http://` or `https://`; of the latter the server's certificate must be one that this machine trusts.
  public var url: String
  /// A file of certificates that are trusted instead, in PEM; nil: this machine's.
  public var trustFile: String?
  /// nil: asked with GET, otherwise with POST, as JSON.
  public var body: [UInt8]?
  /// Beside those that the call needs itself.
  public var headers: [(name: String, value: String)] = []
  public var connectTimeout = Duration.seconds(10)
  /// A larger answer is refused while it comes.
  public var answerBytesMax = 64 << 20

  public init(url: String, body: [UInt8]? = nil) {
    self.url = url
    self.body = body
  }

  /// The library's own preparation, which must not happen twice at once.
  private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  /// Asks and waits for the whole answer.
  ///
  /// - Throws: `HTTPCallError`.
  public func answer(until deadline: Deadline) throws(HTTPCallError) -> HTTPAnswer {
    guard Self.isReady, let call = curl_easy_init() else { preconditionFailure("libcurl cannot be prepared") }
    defer { curl_easy_cleanup(call) }
    var list: UnsafeMutablePointer<curl_slist>?
    defer { curl_slist_free_all(list) }
    for (name, value) in headers {
      guard Self.isHeader(name, value) else {
        throw HTTPCallError(code: .malformedHeader, url: url, reason: "a header has characters that none may have")
      }
      list = curl_slist_append(list, "\(name): \(value)")
    }
    restrict(call, until: deadline)
    retrain_curl_set_bytes(call, CURLOPT_URL, url)
    if let trustFile { retrain_curl_set_bytes(call, CURLOPT_CAINFO, trustFile) }
    if let body {
      retrain_curl_set_number(call, CURLOPT_POST, 1)
      retrain_curl_set_size(call, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
      // Of an empty array there may be no address, and without one the library would read standard input.
      retrain_curl_set_bytes(call, CURLOPT_COPYPOSTFIELDS, body.isEmpty ? [0] : body)
      list = curl_slist_append(list, "Content-Type: application/json")
      // Nor is the server asked first whether it wants a large body.
      list = curl_slist_append(list, "Expect:")
    }
    retrain_curl_set_list(call, CURLOPT_HTTPHEADER, list)
    let reception = Reception(bodyBytesMax: answerBytesMax)
    let code = withExtendedLifetime(reception) {
      reception.attach(to: call)
      return curl_easy_perform(call)
    }
    guard code == CURLE_OK else {
      let wasSent = retrain_curl_number(call, CURLINFO_REQUEST_SIZE) > 0
      let status = retrain_curl_number(call, CURLINFO_RESPONSE_CODE)
      throw HTTPCallError(
        code: .init(code, wasSent: wasSent), url: url, reason: String(cString: curl_easy_strerror(code)),
        status: status >= 200 ? status : nil)
    }
    return HTTPAnswer(status: retrain_curl_number(call, CURLINFO_RESPONSE_CODE), body: reception.body)
  }

  /// A line break in a header would begin another one.
  private static func isHeader(_ name: String, _ value: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }
      && !value.isEmpty && value.utf8.allSatisfy { (0x20...0x7E).contains($0) }
  }

  private func restrict(_ call: UnsafeMutableRawPointer, until deadline: Deadline) {
    // The library counts whole milliseconds and may end within the last one; and 0 would be no bound at all.
    retrain_curl_set_number(call, CURLOPT_TIMEOUT_MS, Int(max(0, deadline.remainingMilliseconds)) + 1)
    retrain_curl_set_number(
      call, CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, Deadline.after(connectTimeout).remainingMilliseconds)))
    retrain_curl_set_size(call, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(answerBytesMax))
    retrain_curl_set_bytes(call, CURLOPT_PROTOCOLS_STR, "http,https")
    retrain_curl_set_bytes(call, CURLOPT_PROXY, "")
    retrain_curl_set_number(call, CURLOPT_FOLLOWLOCATION, 0)
    // Signals are the process's own; the library would use SIGALRM, and lets SIGPIPE through.
    retrain_curl_set_number(call, CURLOPT_NOSIGNAL, 1)
  }
}
