import CMicrohttpd
import Glibc
import Synchronization

/// One connection, from its coming to its leaving: how far its request is, and since when.
///
/// The polling thread moves it on; the doorkeeper looks at it from a thread of its own and may end it.
final class Visitor: Sendable {
  enum Phase: Sendable {
    /// Between requests, or in the middle of a head: the library tells no more.
    case waiting
    /// The head is there, the body on its way.
    case receiving
    /// The request is whole.
    case answering
  }

  struct Stay: Sendable {
    var phase = Phase.waiting
    var since = ContinuousClock.now
    /// Whether a whole head has come before.
    var hasAsked = false
    var isEnded = false
  }

  /// Where it comes from: one IPv4 address, or the 64 bits that name an IPv6 network.
  let origin: UInt64
  private let descriptor: Int32
  /// Whether plain words on its socket would be none to the client.
  private let isSecure: Bool
  private let stay = Mutex(Stay())

  init(_ connection: OpaquePointer, isSecure: Bool) {
    self.isSecure = isSecure
    descriptor = retrain_http_descriptor(connection)
    origin = Self.origin(retrain_http_client(connection))
  }

  var current: Stay { stay.withLock { $0 } }

  func move(to phase: Phase) {
    let now = ContinuousClock.now
    stay.withLock {
      // One clock for a request, from its head to the end of its answer.
      if phase != .answering || $0.phase != .receiving { $0.since = now }
      $0.phase = phase
      if phase != .waiting { $0.hasAsked = true }
    }
  }

  /// The library is about to close the connection: its descriptor means something else afterwards.
  func leave() { stay.withLock { $0.isEnded = true } }

  /// Ends the connection from outside, with a last word where the library has not spoken: only while `stay` is still as
  /// the caller saw it.
  ///
  /// - Returns: Whether it was.
  @discardableResult
  func end(ifStill seen: Stay, saying words: [UInt8] = []) -> Bool {
    stay.withLock { stay in
      guard !stay.isEnded, stay.phase == seen.phase, stay.since == seen.since else { return false }
      stay.isEnded = true
      if !words.isEmpty, !isSecure { _ = send(descriptor, words, words.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL)) }
      shutdown(descriptor, Int32(SHUT_RDWR))
      return true
    }
  }

  private static func origin(_ address: UnsafePointer<sockaddr>?) -> UInt64 {
    guard let address else { return 0 }
    let bytes = UnsafeRawPointer(address)
    switch Int32(address.pointee.sa_family) {
    case AF_INET: return UInt64(bytes.load(as: sockaddr_in.self).sin_addr.s_addr)
    case AF_INET6:
      return withUnsafeBytes(of: bytes.load(as: sockaddr_in6.self).sin6_addr) { host in
        // An IPv4 client of a socket for both families.
        let isMapped = host[..<10].allSatisfy { $0 == 0 } && host[10] == 0xFF && host[11] == 0xFF
        return isMapped
          ? UInt64(host.loadUnaligned(fromByteOffset: 12, as: UInt32.self)) : host.loadUnaligned(as: UInt64.self)
      }
    default: return 0
    }
  }
}
