import Vocabulary

/// Where a server is reached: host and port, and what stands before `/v2` where something passes requests on.
struct ServerLocation: Sendable, CustomStringConvertible {
  /// `http`, or `https` where something in front of the server decrypts.
  let scheme: String
  let address: HostPort
  let prefix: String

  init(_ address: HostPort, scheme: String = "http", prefix: String = "") {
    self.scheme = scheme
    self.address = address
    self.prefix = prefix
  }

  /// - Parameter text: `http://host:port/prefix`, the same with `https`, or `host:port`.
  /// - Throws: `CommandFailure` 64.
  init(url text: String) throws {
    let isSecure = text.hasPrefix("https://")
    let rest = text.hasPrefix("http://") || isSecure ? text.dropFirst(isSecure ? 8 : 7) : text[...]
    let end = rest.firstIndex(of: "/") ?? rest.endIndex
    let host = String(rest[..<end])
    guard let address = HostPort(host) ?? HostPort(host + (isSecure ? ":443" : ":80")) else {
      throw CommandFailure(.usage, "\(text) is not a server's URL, such as http://10.0.0.1:8080 or http://[::1]:8080")
    }
    var prefix = rest[end...]
    while prefix.hasSuffix("/") { prefix.removeLast() }
    self.init(address, scheme: isSecure ? "https" : "http", prefix: String(prefix))
  }

  var description: String { "\(scheme)://\(address)\(prefix)" }
}
