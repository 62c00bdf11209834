import CCurl

/// Why a request out has no answer.
public struct HTTPCallError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable {
    /// Not of http or https, or not spelled as a URL.
    case malformedURL = "malformed_url"
    /// A header that is to be sent has a line break in it, or other characters that none may have.
    case malformedHeader = "malformed_header"
    case unknownHost = "unknown_host"
    /// Nobody listens there, or no connection was made in time.
    case unreachable
    /// Its certificate is not to be trusted, or it speaks no TLS.
    case untrusted
    /// It took the connection, and said nothing or not enough before the deadline or before it hung up.
    case unanswered
    case answerTooLarge = "answer_too_large"
    /// It says something else.
    case notHTTP = "not_http"
  }

  public let code: Code
  public let url: String
  /// In libcurl's words.
  public let reason: String
  /// What it answered before it broke off; nil: nothing.
  public var status: Int?

  public var description: String { "http \(code.rawValue), \(url): \(reason)" }
}

extension HTTPCallError.Code {
  /// - Parameter wasSent: Whether the request went out.
  init(_ code: CURLcode, wasSent: Bool) {
    switch code {
    case CURLE_URL_MALFORMAT: self = .malformedURL
    // Of the scheme before, of an answer without a head afterwards.
    case CURLE_UNSUPPORTED_PROTOCOL: self = wasSent ? .notHTTP : .malformedURL
    case CURLE_WEIRD_SERVER_REPLY: self = .notHTTP
    case CURLE_COULDNT_RESOLVE_HOST: self = .unknownHost
    case CURLE_COULDNT_CONNECT: self = .unreachable
    case CURLE_OPERATION_TIMEDOUT: self = wasSent ? .unanswered : .unreachable
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CACERT_BADFILE:
      self = .untrusted
    case CURLE_FILESIZE_EXCEEDED, CURLE_WRITE_ERROR: self = .answerTooLarge
    default: self = .unanswered
    }
  }
}
