import Cryptography
import Glibc
import Vocabulary

/// One connection on its way to become a link: bytes of the handshake in and out, and then those of TLS where the link is to
/// be ciphered. Confined to the step thread.
final class LinkAttempt {
  enum Role {
    case dialler(LinkHandshake.Dialler)
    case acceptor(LinkHandshake.Acceptor)
  }

  enum Outcome: Equatable {
    case pending
    case established(Rank, LinkKeys)
    case refused(LinkHandshake.Failure)
    /// Nobody takes the connection.
    case unreachable(String)
    /// It ended before it was a link.
    case lost(String)
  }

  let socket: Socket
  /// The rank that was dialled; nil on the accepting side.
  let dialled: Rank?
  var deadline: Deadline
  private var role: Role
  private var isConnecting: Bool
  private var outgoing: [UInt8] = []
  private var incoming: [UInt8] = []
  private var expectedBytes: Int
  /// What to become once `outgoing` is sent.
  private var final: Outcome?

  init(dialling acceptor: Rank, _ handshake: LinkHandshake.Dialler, socket: Socket, deadline: Deadline) {
    dialled = acceptor
    role = .dialler(handshake)
    self.socket = socket
    self.deadline = deadline
    isConnecting = true
    expectedBytes = 0
    apply(handshake.opening)
  }

  init(accepting handshake: LinkHandshake.Acceptor, socket: Socket, deadline: Deadline) {
    dialled = nil
    role = .acceptor(handshake)
    self.socket = socket
    self.deadline = deadline
    isConnecting = false
    expectedBytes = LinkHandshake.helloBytes
  }

  var events: Int32 {
    let sends = isConnecting || !outgoing.isEmpty || socket.session?.outgoing.isEmpty == false
    return sends ? Int32(POLLOUT) : Int32(POLLIN)
  }

  /// Who knocks here, once that is known of an accepted connection.
  var claim: LinkHandshake.Acceptor.Claim? {
    if case .acceptor(let handshake) = role { handshake.claim } else { nil }
  }

  /// Moves what it can. `happened`: what poll saw.
  func advance(_ happened: Int32) -> Outcome {
    if isConnecting {
      let number = socket.takeError()
      guard number == 0 else { return .unreachable(SystemFailure.reason("connect", number)) }
      guard happened & Int32(POLLOUT) != 0 else { return .pending }
      isConnecting = false
    }
    let outcome = exchangeMessages()
    guard case .established(_, let keys) = outcome, let key = keys.session else { return outcome }
    return cipher(by: key, then: outcome)
  }

  private func exchangeMessages() -> Outcome {
    while true {
      if !outgoing.isEmpty {
        switch sendSome() {
        case .moved(let count): outgoing.removeFirst(count)
        case .wouldBlock: return .pending
        case .ended: return final ?? .lost("its link ended")
        case .failed(let number): return final ?? .lost(SystemFailure.reason("its link failed", number))
        }
        continue
      }
      if let final { return final }
      switch receiveSome() {
      case .moved:
        if incoming.count == expectedBytes { takeMessage() }
      case .wouldBlock: return .pending
      case .ended: return .lost("its link ended")
      case .failed(let number): return .lost(SystemFailure.reason("its link failed", number))
      }
    }
  }

  private func takeMessage() {
    let message = incoming
    incoming = []
    switch role {
    case .dialler(var handshake):
      apply(handshake.receive(message))
      role = .dialler(handshake)
    case .acceptor(var handshake):
      apply(handshake.receive(message))
      role = .acceptor(handshake)
    }
  }

  private func apply(_ action: LinkHandshake.Action) {
    switch action {
    case .send(let bytes, let expected):
      outgoing += bytes
      expectedBytes = expected
    case .establish(let peer, let keys, let bytes):
      outgoing += bytes
      final = .established(peer, keys)
    case .giveUp(let bytes, let failure):
      outgoing += bytes
      final = .refused(failure)
    }
  }

  private func sendSome() -> Socket.Outcome {
    outgoing.withUnsafeMutableBytes {
      var piece = iovec(iov_base: $0.baseAddress, iov_len: $0.count)
      return socket.sendPlain(&piece, count: 1)
    }
  }

  /// Never more than the message in hand: what follows belongs to TLS or to the exchanges.
  private func receiveSome() -> Socket.Outcome {
    withUnsafeTemporaryAllocation(byteCount: LinkHandshake.messageBytesMax, alignment: 8) {
      var piece = iovec(iov_base: $0.baseAddress, iov_len: expectedBytes - incoming.count)
      let outcome = socket.receivePlain(&piece, count: 1)
      if case .moved(let count) = outcome { incoming += $0[..<count] }
      return outcome
    }
  }
}
