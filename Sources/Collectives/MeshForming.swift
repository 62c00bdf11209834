import Cryptography
import Glibc
import Vocabulary

/// Makes the links of one rank to all others: dials the lower ranks, accepts the higher ones. One poll loop, one thread.
final class MeshForming {
  private static let redialPause = Duration.milliseconds(20)

  private let identity: LinkIdentity
  private let members: [String]
  private let listener: Int32
  private let doorway: Doorway
  private var links: [Link?]
  /// Towards the lower ranks.
  private var dialled: [LinkAttempt] = []
  /// Ranks to dial (again), and when.
  private var dials: [(rank: Rank, at: Deadline)] = []
  /// How the last connection to a rank ended, where one did.
  private var cuts: [Rank: String] = [:]

  init(identity: LinkIdentity, members: [String], listener: Int32) {
    self.identity = identity
    self.members = members
    self.listener = listener
    doorway = Doorway(identity: identity, listener: listener)
    links = Array(repeating: nil, count: members.count)
    dials = (0..<identity.rank.rawValue).map { (Rank($0), .after(.zero)) }
  }

  /// - Returns: The links in rank order.
  func run(until deadline: Deadline, isFenced: () -> Bool) throws -> [Link] {
    while let missing = firstMissing {
      if isFenced() { throw failure(.fenced, nil, "a newer generation is known") }
      if deadline.hasPassed {
        let why = cuts[missing].map { ": \($0)" } ?? ""
        throw failure(.timedOut, missing, "no link with the peer before the deadline" + why)
      }
      try dialThoseDue(until: deadline)
      try wait(until: deadline)
      doorway.dropLate()
    }
    return links.compactMap { $0 }
  }

  private var firstMissing: Rank? {
    for place in links.indices where place != identity.rank.rawValue && links[place] == nil { return Rank(place) }
    return nil
  }

  private func dialThoseDue(until deadline: Deadline) throws {
    let due = dials.filter { $0.at.hasPassed }
    dials.removeAll { $0.at.hasPassed }
    for (rank, _) in due {
      let handshake = LinkHandshake.Dialler(
        identity: identity, acceptor: rank, nonce: randomBytes(LinkIdentity.nonceBytes))
      do {
        let address = try SocketAddress(resolving: members[rank.rawValue], passive: false)
        let socket = try Socket.connecting(to: address)
        dialled.append(LinkAttempt(dialling: rank, handshake, socket: socket, deadline: deadline))
      } catch let error as SystemFailure {
        throw failure(.peerLost, rank, error.reason)
      }
    }
  }

  private func wait(until deadline: Deadline) throws {
    let established = links.compactMap { $0 }
    var entries = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
    entries += established.map { pollfd(fd: $0.socket.descriptor, events: Int16(Socket.peerHungUp), revents: 0) }
    let attempts = dialled + doorway.attempts
    entries += attempts.map { pollfd(fd: $0.socket.descriptor, events: Int16($0.events), revents: 0) }
    var timeout = min(deadline.remainingMilliseconds, 100)
    for dial in dials { timeout = min(timeout, dial.at.remainingMilliseconds) }
    let ready = poll(&entries, nfds_t(entries.count), timeout)
    guard ready >= 0 || errno == EINTR else {
      throw failure(.unavailable, nil, SystemFailure.reason("poll", errno))
    }
    guard ready > 0 else { return }
    for (link, entry) in zip(established, entries[1...]) where entry.revents != 0 {
      throw failure(.peerLost, link.peer, "its link ended while the generation formed")
    }
    for (attempt, entry) in zip(attempts, entries[(1 + established.count)...]) where entry.revents != 0 {
      try conclude(attempt, attempt.advance(Int32(entry.revents)))
    }
    if entries[0].revents != 0 {
      for (attempt, outcome) in doorway.acceptSome() { try conclude(attempt, outcome) }
    }
  }

  private func conclude(_ attempt: LinkAttempt, _ outcome: LinkAttempt.Outcome) throws {
    guard let peer = attempt.dialled else { return try concludeAtDoor(attempt, outcome) }
    if outcome == .pending { return }
    dialled.removeAll { $0 === attempt }
    switch outcome {
    case .pending: break
    case .established(_, let keys): stand(peer, attempt.socket, keys)
    case .refused(.refused(.early)): dials.append((peer, .after(Self.redialPause)))
    case .refused(.refused(.stale)): throw failure(.fenced, peer, "the peer is in a newer generation")
    case .refused(.refused(.wrongPlace)): throw failure(.refused, peer, "the peer expects another rank or world")
    case .refused(.refused(.otherSecret)):
      throw failure(.refused, peer, "whoever answers at the peer's address holds another secret")
    case .refused(.notAuthentic):
      throw failure(.refused, peer, "whoever answers at the peer's address does not hold the secret")
    case .refused(.refused(.otherEncryption)): throw otherEncryption(peer)
    case .refused(.noSession(let why)): throw noSession(peer, why)
    case .unreachable(let reason): throw failure(.peerLost, peer, reason)
    case .lost(let reason):
      // Perhaps its place was taken before its hello was read. A peer that is gone refuses the next connection.
      cuts[peer] = reason
      dials.append((peer, .after(Self.redialPause)))
    }
  }

  private func concludeAtDoor(_ attempt: LinkAttempt, _ outcome: LinkAttempt.Outcome) throws {
    guard outcome != .pending else { return doorway.keep(attempt) }
    doorway.forget(attempt)
    guard let peer = attempt.claim?.dialler, links[peer.rawValue] == nil else { return }
    switch outcome {
    case .established(_, let keys):
      stand(peer, attempt.socket, keys)
      doorway.close(to: peer)
    // Only who holds the secret comes so far, and it would not go better the next time.
    case .refused(.refused(.otherEncryption)): throw otherEncryption(peer)
    case .refused(.noSession(let why)): throw noSession(peer, why)
    // A stranger or a straggler knocked and was turned away, or the peer comes again.
    default: break
    }
  }

  private func stand(_ peer: Rank, _ socket: Socket, _ keys: LinkKeys) {
    links[peer.rawValue] = Link(peer: peer, socket: socket, generation: identity.generation, keys: keys)
  }

  private func otherEncryption(_ peer: Rank) -> CollectiveError {
    failure(
      .refused, peer,
      "one of the two workers ciphers its links with TLS and the other does not: give both the same `group.encryption`")
  }

  private func noSession(_ peer: Rank, _ why: TLSFailure) -> CollectiveError {
    failure(
      .refused, peer,
      "no TLS session with the peer, though it holds the secret (\(why.words)): somebody on the way changed what was said, or GnuTLS may not use TLS 1.3 with AES-128-GCM on one of the two machines"
    )
  }

  private func failure(_ code: CollectiveError.Code, _ peer: Rank?, _ reason: String) -> CollectiveError {
    CollectiveError(code, peer: peer, generation: identity.generation, reason: reason)
  }
}
