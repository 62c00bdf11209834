import Glibc

/// What is asked of a path.
public enum HTTPMethod: String, Sendable, Hashable, CaseIterable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case delete = "DELETE"
  case patch = "PATCH"
  case options = "OPTIONS"
  case trace = "TRACE"
  case connect = "CONNECT"
  /// No method of the standard.
  case other = ""

  init(_ name: UnsafePointer<CChar>) {
    // The usual ones without making a string.
    if strcmp(name, "GET") == 0 {
      self = .get
    } else if strcmp(name, "POST") == 0 {
      self = .post
    } else {
      self = HTTPMethod(rawValue: String(cString: name)) ?? .other
    }
  }
}
