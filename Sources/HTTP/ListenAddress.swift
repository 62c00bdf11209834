import Glibc

/// Where to listen: a numeric address or a name of this machine.
struct ListenAddress {
  let family: Int32
  private let storage: sockaddr_storage

  init(_ address: String, port: UInt16) throws {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(address, String(port), &hints, &found)
    defer { if let found { freeaddrinfo(found) } }
    guard code == 0, let first = found?.pointee, let target = first.ai_addr else {
      throw HTTPError(code: .unavailable, address: address, reason: String(cString: gai_strerror(code)))
    }
    family = first.ai_family
    var storage = sockaddr_storage()
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: target, count: Int(first.ai_addrlen)))
    }
    self.storage = storage
  }

  /// Whether it stands for all addresses of the machine.
  var isWildcard: Bool {
    withUnsafeBytes(of: storage) { bytes in
      family == AF_INET6
        ? withUnsafeBytes(of: bytes.load(as: sockaddr_in6.self).sin6_addr) { $0.allSatisfy { $0 == 0 } }
        : bytes.load(as: sockaddr_in.self).sin_addr.s_addr == 0
    }
  }

  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>) -> Result) -> Result {
    withUnsafePointer(to: storage) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
  }
}
