import Foundation
import Vocabulary

/// Where a server is reached: host and port, and what stands before `/v2` where something passes requests on.
struct ServerLocation: Sendable, CustomStringConvertible {
  /// `http`, or `https` where the server, or something in front of it, has a certificate.
  let scheme: String
  let address: HostPort
  let prefix: String
  /// What it is asked with.
  var credentials = ServerCredentials()

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

/// What a client brings to a server that asks for it.
struct ServerCredentials: Sendable {
  private static let bytesMax = 1 << 16

  /// A secret.
  private(set) var token: String?
  /// Certificates that are trusted instead of this machine's.
  private(set) var trustFile: String?

  init() {}

  /// - Throws: `CommandFailure` 64 for a file that holds no token.
  init(tokenFile: String?, trustFile: String?) throws {
    self.trustFile = trustFile
    for (name, file) in [("--token-file", tokenFile), ("--ca-file", trustFile)] {
      guard let file, !FileManager.default.isReadableFile(atPath: file) else { continue }
      throw CommandFailure(.usage, "\(name) \(file) cannot be read")
    }
    guard let tokenFile, let bytes = FileManager.default.contents(atPath: tokenFile)?.prefix(Self.bytesMax) else {
      return
    }
    let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    guard text.wholeMatch(of: /[!-~]{1,512}/) != nil else {
      throw CommandFailure(.usage, "--token-file \(tokenFile) holds no token: one word without blanks is expected")
    }
    token = text
  }
}
