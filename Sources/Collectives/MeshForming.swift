import Cryptography
import Glibc
import Vocabulary

/// Makes the links of one rank to all others: dials the lower ranks, accepts the higher ones. One poll loop, one thread.
final class MeshForming {
  /// Strangers that say nothing are dropped after this long, the oldest first when there are too many.
  private static let handshakeTimeout = Duration.seconds(5)
  private static let attemptsMax = 128
  private static let redialPause = Duration.milliseconds(20)

  private let identity: LinkIdentity
  private let members: [String]
  private let listener: Int32
  private var links: [Link?]
  private var attempts: [LinkAttempt] = []
  /// Ranks to dial (again), and when.
  private var dials: [(rank: Rank, at: Deadline)] = []

  init(identity: LinkIdentity, members: [String], listener: Int32) {
    self.identity = identity
    self.members = members
    self.listener = listener
    links = Array(repeating: nil, count: members.count)
    dials = (0..<identity.rank.rawValue).map { (Rank($0), .after(.zero)) }
  }

  /// - Returns: The links in rank order.
  func run(until deadline: Deadline, isFenced: () -> Bool) throws -> [Link] {
    while let missing = firstMissing {
      if isFenced() { throw failure(.fenced, nil, "a newer generation is known") }
      if deadline.hasPassed { throw failure(.timedOut, missing, "no link with the peer before the deadline") }
      try dialThoseDue(until: deadline)
      try wait(until: deadline)
      attempts.removeAll { $0.dialled == nil && $0.deadline.hasPassed }
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
        attempts.append(LinkAttempt(dialling: rank, handshake, socket: socket, deadline: deadline))
      } catch let error as SystemFailure {
        throw failure(.peerLost, rank, error.reason)
      }
    }
  }

  private func wait(until deadline: Deadline) throws {
    let established = links.compactMap { $0 }
    var entries = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
    entries += established.map { pollfd(fd: $0.socket.descriptor, events: Int16(Socket.peerHungUp), revents: 0) }
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
    if entries[0].revents != 0 { acceptAll() }
  }

  private func conclude(_ attempt: LinkAttempt, _ outcome: LinkAttempt.Outcome) throws {
    if outcome == .pending { return }
    attempts.removeAll { $0 === attempt }
    switch (outcome, attempt.dialled) {
    case (.established(let peer, let keys), _):
      links[peer.rawValue] = Link(
        peer: peer, socket: attempt.socket, generation: identity.generation, keys: keys)
    case (.refused(.refused(.early)), let peer?):
      dials.append((peer, .after(Self.redialPause)))
    case (.refused(.refused(.stale)), let peer?):
      throw failure(.fenced, peer, "the peer is in a newer generation")
    case (.refused(.refused(.wrongPlace)), let peer?):
      throw failure(.refused, peer, "the peer expects another rank or world")
    case (.refused(.notAuthentic), let peer?):
      throw failure(.refused, peer, "whoever answers at the peer's address does not hold the secret")
    case (.lost(let reason), let peer?):
      throw failure(.peerLost, peer, reason)
    default:
      break  // A stranger or a straggler knocked and was turned away.
    }
  }

  private func acceptAll() {
    while let socket = Socket.accepted(on: listener) {
      if attempts.count >= Self.attemptsMax, let oldest = attempts.firstIndex(where: { $0.dialled == nil }) {
        attempts.remove(at: oldest)
      }
      let handshake = LinkHandshake.Acceptor(identity: identity, nonce: randomBytes(LinkIdentity.nonceBytes))
      attempts.append(LinkAttempt(accepting: handshake, socket: socket, deadline: .after(Self.handshakeTimeout)))
    }
  }

  private func failure(_ code: CollectiveError.Code, _ peer: Rank?, _ reason: String) -> CollectiveError {
    CollectiveError(code, peer: peer, generation: identity.generation, reason: reason)
  }
}
