import Foundation
import Synchronization

/// Listens on loopback and says the same bytes to everyone who asks, whatever they are; then it hangs up.
public final class SpeakingServer: Sendable {
  public let port: Int
  private let listener: Int32
  private let hasEnded = DispatchSemaphore(value: 0)
  private let words = Words()

  private final class Words: Sendable {
    let heard = Mutex("")
  }

  /// The beginnings of all that it was told.
  public var heard: String { words.heard.withLock { $0 } }

  public init?(saying words: String) {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, size) | listen(listener, 16) | getsockname(listener, address, &size)
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    guard code == 0 else { return nil }
    let (hasEnded, heard) = (hasEnded, self.words)
    Thread {
      while case let visitor = accept(listener, nil, nil), visitor >= 0 {
        Self.answer(visitor, Array(words.utf8), heard)
        close(visitor)
      }
      hasEnded.signal()
    }.start()
  }

  /// To be called once.
  public func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    hasEnded.wait()
    close(listener)
  }

  private static func answer(_ visitor: Int32, _ words: [UInt8], _ heard: Words) {
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    _ = setsockopt(visitor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    // What is not read would cut the answer off.
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(visitor, &buffer, buffer.count, 0)
    heard.heard.withLock { $0 += String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) }
    _ = send(visitor, words, words.count, Int32(MSG_NOSIGNAL))
    shutdown(visitor, Int32(SHUT_WR))
    while recv(visitor, &buffer, buffer.count, 0) > 0 {}
  }
}
