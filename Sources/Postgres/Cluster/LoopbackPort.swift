import Foundation

/// TCP ports of 127.0.0.1 for a server that keeps its own.
enum LoopbackPort {
  /// Below those that Linux and macOS hand out by themselves: nobody gets one of these by chance.
  private static let range = 20_000..<32_768

  /// One that was free a moment ago.
  static func choose() throws -> Int {
    for _ in 0..<50 {
      let port = Int.random(in: range)
      if isFree(port) { return port }
    }
    throw PostgresError(.cluster, "no free loopback port from \(range.lowerBound) to \(range.upperBound - 1)")
  }

  static func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var yes: Int32 = 1
    // As PostgreSQL does: connections of the last run that linger do not count.
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(descriptor, 1) == 0
      }
    }
  }
}
