import Glibc
import Vocabulary

/// One resolved address, ready for `bind` or `connect`.
struct SocketAddress {
  let family: Int32
  private let storage: sockaddr_storage
  private let length: socklen_t

  /// Resolves `host:port`. A name asks the resolver, which blocks; a numeric address does not.
  init(resolving text: String, passive: Bool) throws {
    guard let wanted = HostPort(text) else {
      throw CollectiveError(.unavailable, reason: "“\(text)” is not host:port")
    }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(wanted.host, String(wanted.port), &hints, &found)
    defer { if let found { freeaddrinfo(found) } }
    guard code == 0, let first = found?.pointee, let address = first.ai_addr else {
      throw CollectiveError(.unavailable, reason: "\(text): \(String(cString: gai_strerror(code)))")
    }
    family = first.ai_family
    length = first.ai_addrlen
    var storage = sockaddr_storage()
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(first.ai_addrlen)))
    }
    self.storage = storage
  }

  private var isLoopback: Bool {
    withPointer { address, _ in
      let bytes = UnsafeRawBufferPointer(start: address, count: MemoryLayout<sockaddr_in6>.size)
      // Four bytes behind family and port; sixteen behind the flow as well.
      if family == AF_INET { return bytes[4] == 127 }
      return bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1
    }
  }

  /// Sends between ranks of one machine as fast as they come. A congestion control that paces (BBR) makes them wait for a
  /// network that is not there: of 16 MiB, a plain copy takes half as long again.
  ///
  /// - Parameter descriptor: Of a socket that is not connected yet; what a listener accepts inherits it.
  func tune(_ descriptor: Int32) {
    guard isLoopback else { return }
    // Every Linux has it; without it the copy is right and slower.
    let name = "reno"
    _ = setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_CONGESTION, name, socklen_t(name.utf8.count))
  }

  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }
}
