import Glibc
import Vocabulary

/// Moves bytes on all links at once until every one of them has done its part. Confined to the step thread.
final class LinkPoller {
  private let links: [Link]
  private let generation: Generation
  private let entries: UnsafeMutablePointer<pollfd>
  /// The link whose end was seen first: later ends may only be its echo.
  private var firstGone: Rank?
  /// How often to look again before going to sleep: waking up costs more than most waits for a peer in step. More after it
  /// has paid, less after it has not, so that a late peer costs no processor time.
  private var looks = LinkPoller.looksMax
  private static let looksMax = 128

  init(links: [Link], generation: Generation) {
    self.links = links
    self.generation = generation
    entries = .allocate(capacity: max(1, links.count))
  }

  deinit { entries.deallocate() }

  /// - Throws: `CollectiveError`: `peerLost`, `timedOut` or `protocolViolation`.
  func run(until deadline: Deadline) throws(CollectiveError) {
    var looked = 0
    while true {
      var isFinished = true
      var hasMoved = false
      for link in links where !link.isComplete {
        isFinished = false
        hasMoved = try move(link) || hasMoved
      }
      if isFinished { return }
      if hasMoved {
        if looked > 0 { looks = min(Self.looksMax, looks * 2) }
        looked = 0
        if deadline.hasPassed { throw timedOut() }
      } else if looked < looks {
        looked += 1
        for link in links where !link.isComplete { link.lookAgain() }
      } else {
        looks = max(1, looks / 2)
        looked = 0
        try wait(until: deadline)
      }
    }
  }

  /// Moves what can be moved now, and waits for nothing.
  ///
  /// - Throws: As `run`.
  func pump() throws(CollectiveError) {
    var hasMoved = true
    for link in links { link.lookAgain() }
    while hasMoved {
      hasMoved = false
      for link in links where !link.isComplete { hasMoved = try move(link) || hasMoved }
    }
  }

  private func move(_ link: Link) throws(CollectiveError) -> Bool {
    var hasMoved = false
    if link.isWritable, link.canSend { hasMoved = try check(link.send(), of: link) }
    if link.isReadable, link.canReceive { hasMoved = try check(link.receive(), of: link) || hasMoved }
    return hasMoved
  }

  private func check(_ outcome: Socket.Outcome, of link: Link) throws(CollectiveError) -> Bool {
    switch outcome {
    case .moved: return true
    case .wouldBlock: return false
    case .ended: throw lost(link, "its link ended")
    case .failed(let number): throw lost(link, SystemFailure.reason("its link failed", number))
    }
  }

  /// Waits for any link to be ready, or to end: also those on which this exchange has nothing left to do.
  private func wait(until deadline: Deadline) throws(CollectiveError) {
    for (index, link) in links.enumerated() {
      var events = Socket.peerHungUp
      if !link.isComplete {
        if link.canReceive { events |= Int32(POLLIN) }
        if link.canSend { events |= Int32(POLLOUT) }
      }
      entries[index] = pollfd(fd: link.isGone ? -1 : link.socket.descriptor, events: Int16(events), revents: 0)
    }
    let ready = poll(entries, nfds_t(links.count), deadline.remainingMilliseconds)
    guard ready >= 0 else {
      if errno == EINTR { return }
      throw CollectiveError(.unavailable, generation: generation, reason: SystemFailure.reason("poll", errno))
    }
    if ready == 0, deadline.hasPassed { throw timedOut() }
    for (index, link) in links.enumerated() where entries[index].revents != 0 {
      let happened = Int32(entries[index].revents)
      if happened & Int32(POLLIN) != 0 { link.isReadable = true }
      if happened & Int32(POLLOUT) != 0 { link.isWritable = true }
      guard happened & (Socket.peerHungUp | Int32(POLLHUP | POLLERR | POLLNVAL)) != 0 else { continue }
      if link.isComplete {
        // It finished its part and left; whoever still needs it will fail.
        link.isGone = true
        firstGone = firstGone ?? link.peer
      } else if link.hasReceived {
        throw lost(link, "its link ended before it had taken this rank's part")
      } else {
        // What it sent before its end may be all that is needed; the end itself is seen by reading.
        link.isReadable = true
      }
    }
  }

  private func lost(_ link: Link, _ reason: String) -> CollectiveError {
    CollectiveError(.peerLost, peer: firstGone ?? link.peer, generation: generation, reason: reason)
  }

  private func timedOut() -> CollectiveError {
    let silent = links.first { $0.isOwed } ?? links.first { !$0.hasReceived } ?? links.first { !$0.isComplete }
    return CollectiveError(
      .timedOut, peer: silent?.peer, generation: generation, reason: "the deadline passed before the peer's part came")
  }
}
