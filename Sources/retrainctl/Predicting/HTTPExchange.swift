import Foundation
import Vocabulary

/// One HTTP/1.0 request and its answer, over a connection of its own. For a tool's single question, not for load.
enum HTTPExchange {
  private static let answerBytesMax = 64 << 20

  /// - Parameter body: nil: asked with GET, otherwise with POST.
  /// - Returns: The status and the answer's body.
  /// - Throws: `CommandFailure` 69 when the server cannot be reached or stays silent for `timeout`.
  static func ask(
    _ server: HostPort, path: String, body: [UInt8]?, timeout: Duration
  ) throws -> (status: Int, body: [UInt8]) {
    let socket = try connect(server, timeout)
    defer { close(socket) }
    var head = "\(body == nil ? "GET" : "POST") \(path) HTTP/1.0\r\nHost: \(server)\r\nConnection: close\r\n"
    if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
    try send(Array((head + "\r\n").utf8) + (body ?? []), to: socket)
    let answer = try receive(from: socket)
    guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)),
      let line = String(validating: answer[..<end.lowerBound].prefix { $0 != 0x0D }, as: UTF8.self),
      let status = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { throw CommandFailure(.unavailable, "what answers at \(server) does not speak HTTP") }
    return (status, Array(answer[end.upperBound...]))
  }

  private static func connect(_ server: HostPort, _ timeout: Duration) throws -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(server.host, String(server.port), &hints, &found) == 0, let first = found else {
      throw CommandFailure(.unavailable, "the server's address \(server.host) is not known")
    }
    defer { freeaddrinfo(found) }
    var wait = timeval()
    wait.tv_sec = Int(timeout.seconds.rounded(.up))
    for candidate in sequence(first: first, next: { $0.pointee.ai_next }) {
      let info = candidate.pointee
      let socket = Foundation.socket(info.ai_family, info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), info.ai_protocol)
      guard socket >= 0 else { continue }
      // The send timeout bounds connect(2) as well.
      for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
        setsockopt(socket, SOL_SOCKET, option, &wait, socklen_t(MemoryLayout<timeval>.size))
      }
      if Foundation.connect(socket, info.ai_addr, info.ai_addrlen) == 0 { return socket }
      close(socket)
    }
    throw CommandFailure(.unavailable, "the server at \(server) cannot be reached")
  }

  private static func send(_ bytes: [UInt8], to socket: Int32) throws {
    try bytes.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = Foundation.send(
          socket, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw CommandFailure(.unavailable, "the server does not take the request") }
        sent += count
      }
    }
  }

  private static func receive(from socket: Int32) throws -> [UInt8] {
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw CommandFailure(.unavailable, "the server does not answer") }
      if count == 0 { return answer }
      answer += buffer[..<count]
      guard answer.count <= answerBytesMax else { throw CommandFailure(.unavailable, "the answer is too large") }
    }
  }
}
