import Glibc

/// A plain blocking client that says whatever a test wants said.
final class RawClient {
  private let descriptor: Int32

  /// A connection to a port of loopback; nil: nobody takes it.
  static func connection(to port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let code = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  init?(port: UInt16) {
    guard let connected = Self.connection(to: port) else { return nil }
    descriptor = connected
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

  /// What comes until `count` bytes are there or the peer ends.
  func receive(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while bytes.count < count {
      let received = recv(descriptor, &piece, min(piece.count, count - bytes.count), 0)
      guard received > 0 else { break }
      bytes += piece[..<received]
    }
    return bytes
  }
}
