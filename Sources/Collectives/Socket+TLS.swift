import Cryptography
import Glibc

/// The same calls where a TLS session ciphers what goes over the socket. Its records wait here until the system takes them.
extension Socket {
  /// Sends the records that wait.
  ///
  /// - Returns: `.moved` when none is left.
  func flush(_ session: TLSSession) -> Outcome {
    var moved = 0
    while !session.outgoing.isEmpty {
      var piece = iovec(
        iov_base: UnsafeMutableRawPointer(mutating: session.outgoing.baseAddress), iov_len: session.outgoing.count)
      let outcome = sendPlain(&piece, count: 1)
      guard case .moved(let count) = outcome else { return outcome }
      session.didSend(count)
      moved += count
    }
    return .moved(moved)
  }

  /// Receives records, or parts of some.
  func fill(_ session: TLSSession) -> Outcome {
    var piece = iovec(iov_base: session.incoming.baseAddress, iov_len: session.incoming.count)
    let outcome = receivePlain(&piece, count: 1)
    if case .moved(let count) = outcome { session.didReceive(count) }
    return outcome
  }

  /// Counts as sent what has gone in records: of a record that waits, none of its bytes.
  func send(_ pieces: UnsafeMutablePointer<iovec>, count: Int, over session: TLSSession) -> Outcome {
    var sent = 0
    while true {
      let outcome = flush(session)
      guard case .moved = outcome else { return sent > 0 ? .moved(sent) : outcome }
      sent += sealedBytes
      sealedBytes = 0
      var begin = 0
      for piece in UnsafeBufferPointer(start: pieces, count: count) {
        let done = min(max(0, sent - begin), piece.iov_len)
        begin += piece.iov_len
        let rest = UnsafeRawBufferPointer(start: piece.iov_base + done, count: piece.iov_len - done)
        guard let sealed = try? session.seal(rest) else { return .failed(EPROTO) }
        sealedBytes += sealed
        if sealed < rest.count { break }
      }
      if sealedBytes == 0 { return .moved(sent) }
    }
  }

  func receive(
    _ pieces: UnsafeMutablePointer<iovec>, count: Int, over session: TLSSession
  ) throws(TLSFailure) -> Outcome {
    var received = 0
    func end(_ outcome: Outcome) -> Outcome { received > 0 ? .moved(received) : outcome }
    for piece in UnsafeBufferPointer(start: pieces, count: count) {
      var room = UnsafeMutableRawBufferPointer(start: piece.iov_base, count: piece.iov_len)
      while !room.isEmpty {
        switch try session.open(into: room) {
        case .bytes(let count):
          room = UnsafeMutableRawBufferPointer(rebasing: room[count...])
          received += count
        case .ended: return end(.ended)
        case .needsMore:
          let outcome = fill(session)
          guard case .moved = outcome else { return end(outcome) }
        }
      }
    }
    return .moved(received)
  }
}
