import Glibc

/// A small HTTP/1.1 client on one blocking connection to loopback. One thread at a time.
public final class HTTPClient {
  public struct Reply: Sendable, Equatable {
    public var status: Int
    /// Names in lower case.
    public var headers: [String: String]
    public var body: [UInt8]
    public var text: String { String(decoding: body, as: UTF8.self) }
  }

  private let descriptor: Int32
  private var buffered: [UInt8] = []

  /// - Parameter from: The last byte of the loopback address it comes from.
  /// - Returns: nil: nobody listens there.
  public init?(port: Int, patienceSeconds: Int = 20, from: UInt8 = 1) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    if from != 1 {
      var own = sockaddr_in()
      own.sin_family = sa_family_t(AF_INET)
      own.sin_addr.s_addr = (UInt32(0x7f00_0000) | UInt32(from)).bigEndian
      _ = withUnsafePointer(to: own) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    let code = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else { return nil }
    var patience = timeval(tv_sec: patienceSeconds, tv_usec: 0)
    _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    _ = setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  public func get(_ path: String) -> Reply? { request("GET", path) }
  public func post(_ path: String, _ body: String) -> Reply? { request("POST", path, body: Array(body.utf8)) }

  /// Asks and waits for the whole answer; nil: the connection ended first.
  public func request(_ method: String, _ path: String, body: [UInt8] = [], headers: [String] = []) -> Reply? {
    var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n"
    for header in headers { text += header + "\r\n" }
    guard send(Array((text + "\r\n").utf8) + body) else { return nil }
    return reply(hasBody: method != "HEAD")
  }

  /// Sends bytes as they are; false: the connection has ended.
  @discardableResult
  public func send(_ bytes: [UInt8]) -> Bool {
    var done = 0
    while done < bytes.count {
      let sent = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL))
      }
      guard sent > 0 else { return false }
      done += sent
    }
    return true
  }

  /// The next answer on the connection.
  public func reply(hasBody: Bool = true) -> Reply? {
    guard let status = line(), status.hasPrefix("HTTP/1.1 ") else { return nil }
    guard let code = Int(status.dropFirst(9).prefix(3)) else { return nil }
    var headers: [String: String] = [:]
    while let line = line(), !line.isEmpty {
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      headers[line[..<colon].lowercased()] = String(value)
    }
    if code == 100 { return reply(hasBody: hasBody) }
    var body: [UInt8] = []
    if hasBody, let length = headers["content-length"].flatMap({ Int($0) }) {
      while buffered.count < length { guard fill() else { return nil } }
      body = Array(buffered[..<length])
      buffered.removeFirst(length)
    }
    return Reply(status: code, headers: headers, body: body)
  }

  /// The next line, without its end; nil: the connection ended.
  public func line() -> String? {
    while true {
      if let end = buffered.firstIndex(of: 10) {
        let line = buffered[..<end]
        buffered.removeFirst(end + 1)
        return String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
      }
      guard fill() else { return nil }
    }
  }

  /// Reads one byte of whatever comes; false: nothing comes any more.
  public func takeByte() -> Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, 0) == 1
  }

  /// Whether the server has ended the connection, once what it sent is read.
  public func hasEnded() -> Bool {
    while fill() {}
    return errno != EAGAIN
  }

  private func fill() -> Bool {
    var piece = [UInt8](repeating: 0, count: 65_536)
    errno = 0
    let received = recv(descriptor, &piece, piece.count, 0)
    guard received > 0 else { return false }
    buffered += piece[..<received]
    return true
  }
}
