import Foundation

/// The two ends of a plain TCP connection on loopback, over which both copy to each other at once: the floor under any
/// exchange, with no frame, code or sum.
final class LoopbackCopy: Sendable {
  private let ends: [Int32]

  init() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let dialling = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    // As the links of ranks on one machine do; see `SocketAddress`.
    for end in [listener, dialling] { _ = setsockopt(end, Int32(IPPROTO_TCP), TCP_CONGESTION, "reno", 4) }
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) | listen(listener, 1) | getsockname(listener, address, &length)
          | connect(dialling, address, length)
      }
    }
    ends = [dialling, accept(listener, nil, nil)]
    guard code == 0, ends[1] >= 0 else {
      throw BenchError("no connection on loopback: \(String(cString: strerror(errno)))")
    }
    var on: Int32 = 1
    for end in ends {
      _ = setsockopt(end, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }
  }

  deinit { for end in ends { close(end) } }

  /// Sends `out` and receives as many bytes, both as far as the socket takes or has them. One thread an end.
  func exchange(atEnd place: Int, _ out: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) throws {
    let end = ends[place]
    var (sent, received) = (0, 0)
    while sent < out.count || received < target.count {
      var hasMoved = false
      if sent < out.count {
        let count = send(
          end, out.baseAddress.map { $0 + sent }, out.count - sent, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        if count > 0 { (sent, hasMoved) = (sent + count, true) } else { try check(count) }
      }
      if received < target.count {
        let count = recv(end, target.baseAddress.map { $0 + received }, target.count - received, Int32(MSG_DONTWAIT))
        if count > 0 { (received, hasMoved) = (received + count, true) } else { try check(count) }
      }
      if hasMoved { continue }
      let events = (sent < out.count ? POLLOUT : 0) | (received < target.count ? POLLIN : 0)
      var entry = pollfd(fd: end, events: Int16(events), revents: 0)
      guard poll(&entry, 1, 30_000) != 0 else { throw BenchError("the other end is silent") }
    }
  }

  private func check(_ count: Int) throws {
    guard count < 0, [EAGAIN, EWOULDBLOCK, EINTR].contains(errno) else { throw BenchError("the other end is gone") }
  }
}
