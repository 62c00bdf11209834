import Vocabulary

/// Where a server is reached: host and port, and what stands before `/v2` where something passes requests on.
struct ServerLocation: Sendable, CustomStringConvertible {
  let address: HostPort
  let prefix: String

  init(_ address: HostPort, prefix: String = "") {
    self.address = address
    self.prefix = prefix
  }

  /// - Parameter text: `http://host:port/prefix`, or `host:port`.
  /// - Throws: `CommandFailure` 64.
  init(url text: String) throws {
    var rest = text[...]
    if rest.hasPrefix("https://") {
      throw CommandFailure(.usage, "\(text): predict speaks plain http only; ask what decrypts in front of the server")
    }
    if rest.hasPrefix("http://") { rest = rest.dropFirst(7) }
    let end = rest.firstIndex(of: "/") ?? rest.endIndex
    let host = String(rest[..<end])
    guard let address = HostPort(host) ?? HostPort(host + ":80") else {
      throw CommandFailure(.usage, "\(text) is not a server's URL, such as http://10.0.0.1:8080 or http://[::1]:8080")
    }
    var prefix = rest[end...]
    while prefix.hasSuffix("/") { prefix.removeLast() }
    self.init(address, prefix: String(prefix))
  }

  var description: String { "http://\(address)\(prefix)" }
}
