import Foundation

/// Free TCP ports on 127.0.0.1, as the system gives them.
enum LoopbackPorts {
  /// So many different ports that nobody listened on a moment ago.
  static func free(_ count: Int) throws(KafkaError) -> [Int] {
    var sockets: [Int32] = []
    defer { for socket in sockets { close(socket) } }
    var ports: [Int] = []
    for _ in 0..<count {
      // All stay open until the last is found, so that no port comes twice.
      let (socket, port) = try bound(port: 0)
      sockets.append(socket)
      ports.append(port)
    }
    return ports
  }

  static func isFree(_ port: Int) -> Bool {
    guard let (socket, _) = try? bound(port: port) else { return false }
    close(socket)
    return true
  }

  private static func bound(port: Int) throws(KafkaError) -> (socket: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var yes: Int32 = 1
    // As Kafka does: connections of the last run in TIME_WAIT do not count.
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        let result = bind(descriptor, pointer, size)
        return result == 0 ? getsockname(descriptor, pointer, &size) : result
      }
    }
    guard descriptor >= 0, result == 0 else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      throw KafkaError(code: .localBroker, reason: "no port on 127.0.0.1: \(reason)")
    }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }
}
