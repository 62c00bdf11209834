import Foundation
import Glibc
import Synchronization
import Vocabulary

/// Somebody on the path from rank 1 to rank 0: passes the handshake, and then changes one thing in one of the two streams.
final class Meddler: @unchecked Sendable {  // Its threads share descriptors and nothing else.
  enum Deed: Sendable {
    case nothing
    /// Changes bits of the byte at a place.
    case flip(at: Int, bits: UInt8)
    /// Says once more what it just passed, from a place on.
    case echo(from: Int, count: Int)
    /// Leaves bytes out.
    case drop(from: Int, count: Int)
    /// Passes nothing from a place on, and ends nothing.
    case stall(from: Int)
  }

  private static let handshake = (there: 96 + 32, back: 88 + 32)

  private let listener: Int32
  let port: UInt16
  private let target: UInt16
  /// All that it passed, handshake included.
  private let passed = Mutex<(there: [UInt8], back: [UInt8])>(([], []))

  var heard: (there: [UInt8], back: [UInt8]) { passed.withLock { $0 } }

  init?(before target: UInt16) {
    self.target = target
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) | listen(listener, 8) | getsockname(listener, address, &length)
      }
    }
    guard code == 0 else {
      close(listener)
      return nil
    }
    // A connection that never comes fails a test, and does not hold it.
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    _ = setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(listener) }

  /// Ends connections as soon as they are made.
  func turnAway(_ count: Int) {
    for _ in 0..<count { close(accept(listener, nil, nil)) }
  }

  /// Serves one connection, until both of its ends are closed. Places count from the end of the handshake.
  ///
  /// - Parameter isFromRank1: Which stream the deed is done to; the other one is passed as it is.
  func serve(_ deed: Deed, isFromRank1: Bool) {
    let near = accept(listener, nil, nil)
    guard near >= 0, let far = RawClient.connection(to: target) else { return }
    let done = Gate()
    let back = Thread { [self] in
      pass(from: far, to: near, after: Self.handshake.back, isFromRank1 ? nil : deed) { bytes in
        passed.withLock { $0.back += bytes }
      }
      shutdown(near, Int32(SHUT_RDWR))
      done.open()
    }
    back.start()
    pass(from: near, to: far, after: Self.handshake.there, isFromRank1 ? deed : nil) { bytes in
      passed.withLock { $0.there += bytes }
    }
    shutdown(far, Int32(SHUT_RDWR))
    done.wait()
    close(near)
    close(far)
  }

  private func pass(
    from source: Int32, to target: Int32, after handshake: Int, _ deed: Deed?, _ note: ([UInt8]) -> Void
  ) {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    var place = -handshake
    while true {
      let count = recv(source, &bytes, bytes.count, 0)
      guard count > 0 else { return }
      var piece = Array(bytes[..<count])
      let begin = place
      place += count
      switch deed {
      case .flip(let at, let bits) where (begin..<place).contains(at): piece[at - begin] ^= bits
      case .echo(let from, let more) where (begin..<place).contains(from):
        piece.insert(contentsOf: piece[(from - begin)...].prefix(more), at: from - begin)
      case .drop(let from, let less) where (begin..<place).contains(from):
        piece.removeSubrange((from - begin)..<min(piece.count, from - begin + less))
      case .stall(let from) where place > from: piece.removeSubrange(max(0, from - begin)...)
      default: break
      }
      note(piece)
      guard send(target, piece, piece.count, Int32(MSG_NOSIGNAL)) == piece.count || piece.isEmpty else { return }
    }
  }
}
