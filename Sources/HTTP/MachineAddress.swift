import CMicrohttpd  // in its headers the compiler finds the members of `sockaddr`
import Glibc
public import Vocabulary

/// The addresses of this machine, as others know them.
public enum MachineAddress {
  /// Whether `host` stands for all addresses of the machine.
  public static func isWildcard(_ host: String) -> Bool {
    (try? ListenAddress(host, port: 0))?.isWildcard ?? false
  }

  /// How others reach what listens here: nobody elsewhere can do anything with 0.0.0.0.
  public static func reachable(_ listening: HostPort) -> HostPort {
    isWildcard(listening.host) ? HostPort(host: reachable(), port: listening.port) : listening
  }

  /// The first address of an interface that is up and leads elsewhere, IPv4 before IPv6; without one, loopback's.
  public static func reachable() -> String {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return "127.0.0.1" }
    defer { freeifaddrs(first) }
    var ipv6: String?
    for entry in sequence(first: first, next: { $0?.pointee.ifa_next }) {
      guard let interface = entry?.pointee, let address = interface.ifa_addr else { break }
      let wanted = UInt32(IFF_UP)
      guard interface.ifa_flags & wanted != 0, interface.ifa_flags & UInt32(IFF_LOOPBACK) == 0,
        let text = numeric(address)
      else { continue }
      switch Int32(address.pointee.sa_family) {
      case AF_INET where !text.hasPrefix("169.254."): return text
      case AF_INET6 where !text.hasPrefix("fe80") && ipv6 == nil: ipv6 = text
      default: break
      }
    }
    return ipv6 ?? "127.0.0.1"
  }

  private static func numeric(_ address: UnsafeMutablePointer<sockaddr>) -> String? {
    let size: Int
    switch Int32(address.pointee.sa_family) {
    case AF_INET: size = MemoryLayout<sockaddr_in>.size
    case AF_INET6: size = MemoryLayout<sockaddr_in6>.size
    default: return nil
    }
    var text = [CChar](repeating: 0, count: 128)
    guard getnameinfo(address, socklen_t(size), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
      return nil
    }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
