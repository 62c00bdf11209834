import Cryptography
import Glibc
import Vocabulary

/// One non-blocking stream socket, ciphered or not; closed with its owner. Confined to the thread of its collective.
final class Socket {
  /// What a system call did.
  enum Outcome: Equatable {
    case moved(Int)
    case wouldBlock
    /// The peer ended the stream.
    case ended
    case failed(Int32)
  }

  /// `POLLRDHUP`, which Swift does not import: the peer will send no more.
  static let peerHungUp: Int32 = 0x2000

  private(set) var descriptor: Int32
  /// Once there is one, nothing but its records goes over the socket.
  var session: TLSSession?
  /// Of plain bytes whose records were made and have not gone yet.
  var sealedBytes = 0

  /// Takes ownership of `descriptor`, which is non-blocking and closed on exec.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    var on: Int32 = 1
    _ = setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Starts to connect; the socket becomes writable when that is done or has failed.
  static func connecting(to address: SocketAddress) throws(SystemFailure) -> Socket {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(address.family, type, 0)
    guard descriptor >= 0 else { throw SystemFailure(call: "socket", number: errno) }
    let socket = Socket(descriptor: descriptor)
    address.tune(descriptor)
    let code = address.withPointer { connect(descriptor, $0, $1) }
    if code != 0, errno != EINPROGRESS, errno != EINTR { throw SystemFailure(call: "connect", number: errno) }
    return socket
  }

  /// Takes the next connection that waits on `listener`; nil: none does.
  static func accepted(on listener: Int32) -> Socket? {
    let descriptor = accept(listener, nil, nil)
    guard descriptor >= 0 else { return nil }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    return Socket(descriptor: descriptor)
  }

  deinit { close() }

  func close() {
    guard descriptor >= 0 else { return }
    _ = Glibc.close(descriptor)
    descriptor = -1
  }

  /// The error that a finished `connect` left behind; 0: none.
  func takeError() -> Int32 {
    var number: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size) == 0 ? number : errno
  }

  /// Sends what the pieces hold, as much as fits, in one call: split sends are slower.
  ///
  /// Bytes that were not sent have to come first the next time.
  func send(_ pieces: UnsafeMutablePointer<iovec>, count: Int) -> Outcome {
    if let session { return send(pieces, count: count, over: session) }
    return sendPlain(pieces, count: count)
  }

  /// Receives what is there, as far as there is room; where that is less than there is room for, nothing more is there.
  ///
  /// - Throws: What came in is not what the other end of the TLS session sent.
  func receive(_ pieces: UnsafeMutablePointer<iovec>, count: Int) throws(TLSFailure) -> Outcome {
    if let session { return try receive(pieces, count: count, over: session) }
    return receivePlain(pieces, count: count)
  }

  func sendPlain(_ pieces: UnsafeMutablePointer<iovec>, count: Int) -> Outcome {
    var message = msghdr()
    message.msg_iov = pieces
    message.msg_iovlen = count
    while true {
      let sent = sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      if sent >= 0 { return .moved(sent) }
      if errno == EINTR { continue }
      return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock : .failed(errno)
    }
  }

  func receivePlain(_ pieces: UnsafeMutablePointer<iovec>, count: Int) -> Outcome {
    var message = msghdr()
    message.msg_iov = pieces
    message.msg_iovlen = count
    while true {
      let received = recvmsg(descriptor, &message, Int32(MSG_DONTWAIT))
      if received > 0 { return .moved(received) }
      if received == 0 { return .ended }
      if errno == EINTR { continue }
      return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock : .failed(errno)
    }
  }
}

/// A system call that failed, by name and number.
struct SystemFailure: Error, Equatable {
  let call: String
  let number: Int32

  var reason: String { Self.reason(call, number) }

  static func reason(_ call: String, _ number: Int32) -> String { "\(call): \(String(cString: strerror(number)))" }
}
