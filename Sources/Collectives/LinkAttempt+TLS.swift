import Cryptography

extension LinkAttempt {
  /// Has both ends go over to TLS, by the key that the handshake before gave them: nobody else could have come so far.
  ///
  /// - Parameter outcome: What becomes of the attempt then.
  func cipher(by key: [UInt8], then outcome: Outcome) -> Outcome {
    do throws(TLSFailure) {
      let session = try self.session(by: key)
      while true {
        let isComplete = try session.handshake()
        if let stop = stop(socket.flush(session)) { return stop }
        if isComplete { return outcome }
        if let stop = stop(socket.fill(session)) { return stop }
      }
    } catch {
      // So that the other end learns why, where it still listens.
      if let session = socket.session { _ = socket.flush(session) }
      return .refused(.noSession(error))
    }
  }

  private func session(by key: [UInt8]) throws(TLSFailure) -> TLSSession {
    if let session = socket.session { return session }
    let session = try TLSSession(dialled == nil ? .server : .client, key: key)
    socket.session = session
    return session
  }

  private func stop(_ outcome: Socket.Outcome) -> Outcome? {
    switch outcome {
    case .moved: nil
    case .wouldBlock: .pending
    case .ended: .lost("its link ended before TLS began")
    case .failed(let number): .lost(SystemFailure.reason("its link failed", number))
    }
  }
}
