import CGnuTLS

/// Why a TLS session cannot go on, in the library's words.
public struct TLSFailure: Error, Hashable, Sendable {
  /// GnuTLS's number.
  let code: Int32
  /// What the other end gave as its reason, where it was the one that gave up.
  let alert: UInt32?

  /// A sentence of the library's, without its full stop.
  public var words: String {
    var text = gnutls_strerror(code).map { String(cString: $0) } ?? "GnuTLS code \(code)"
    if text.hasSuffix(".") { text.removeLast() }
    guard let alert, let name = gnutls_alert_get_name(gnutls_alert_description_t(alert)) else { return text }
    return "\(text): \(String(cString: name))"
  }
}
