public import Vocabulary

/// The ranks of one generation over a full mesh of TCP links. Confined to the step thread.
///
/// **The order of the sum** depends on the number of values and the plan only. Every rank sends all its vectors to every other,
/// and each adds them up as the plan says; of a plan by rank, where values take `ringBytesMin` or more, `RingSchedule` says the
/// order, chunk by chunk. Attachments always go to every rank directly.
///
/// **As bfloat16** (`GradientCompression`) half the bytes go: every rank sends its values to every other, or, where they take
/// `ringBytesMin` or more among three ranks and up, to each the part that it adds up, and the sum of its own part to all. What
/// rounding takes away goes out with the next values.
///
/// **Failure.** A link that ends while it owes or is owed something fails the exchange at once, whichever link it is; a
/// peer that finished its part and then left fails the next one. Failing closes all links, so the failure spreads to
/// every rank without waiting for its deadline, and the rank named may be a messenger of the loss.
///
/// **Integrity.** Every part of a frame has a code (`FrameSeal`) that is held against it before the part is used or goes on
/// to another rank, so that nothing that was changed, left out, repeated or moved on the way reaches a sum.
///
/// **Secrecy.** As `LinkEncryption` says. `none`: nothing is ciphered, and who can read the network reads gradients and
/// envelopes. `tls`: who reads it learns how much is said and when; a link costs a handshake more, and what goes over it the
/// time of the cipher and memory that GnuTLS takes for each record and gives back.
///
/// - Complexity: Direct: W − 1 messages of P values a rank. Ring: 2·(W−1) of about P/W. As bfloat16 W − 1
///   messages of P values of half the size; in parts 2·(W−1) of about P/W. No allocation once buffers
///   have their size.
public final class TCPCollective: Collective {
  public let rank: Rank
  public let worldSize: Int
  public let generation: Generation
  let limits: CollectiveLimits

  private let links: [Link]
  private let ring = RingTransfer()
  private let rounded: RoundedTransfer
  private let poller: LinkPoller
  private var vectors: [UnsafeMutablePointer<Float>] = []
  private var attachments: [UnsafeRawBufferPointer] = []
  private var sequence: UInt64 = 0
  private var isClosed = false

  /// - Parameter links: One for each other rank, in rank order.
  init(rank: Rank, worldSize: Int, generation: Generation, links: [Link], limits: CollectiveLimits) {
    precondition(links.count == worldSize - 1, "\(links.count) links in a world of \(worldSize)")
    self.rank = rank
    self.worldSize = worldSize
    self.generation = generation
    self.links = links
    self.limits = limits
    rounded = RoundedTransfer(rank: rank.rawValue, worldSize: worldSize)
    poller = LinkPoller(links: links, generation: generation)
    vectors.reserveCapacity(worldSize)
    attachments.reserveCapacity(worldSize)
  }

  deinit { close() }

  public func close() {
    isClosed = true
    for link in links { link.socket.close() }
  }

  public func exchange<Result>(
    _ dense: DenseValues, attachment: UnsafeRawBufferPointer, deadline: Deadline,
    _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) throws -> Result {
    let (sum, plan) = (dense.sum, dense.plan)
    precondition(
      plan.counts.count == worldSize && dense.vectors.count == plan.counts[rank.rawValue] * sum.count,
      "\(dense.vectors.count) values of vectors of \(sum.count) are not this rank's of a plan for \(plan.counts)")
    let kind = kind(of: dense)
    if kind != .direct { fillSum(dense) }
    if kind == .ring { ring.begin(sum, worldSize: worldSize, rank: rank.rawValue) }
    if let compression = dense.compression, kind.isRounded {
      rounded.begin(sum, isWhole: kind == .roundedWhole, compression)
    }
    try run(
      kind, dense, attachment: attachment, attachmentBytesMax: limits.attachmentBytesMax, deadline: deadline)
    if kind == .direct { add(dense) }
    gather(attachment)
    defer { attachments.removeAll(keepingCapacity: true) }
    return try body(attachments)
  }

  public func broadcast(from root: Rank, _ bytes: [UInt8], deadline: Deadline) throws -> [UInt8] {
    precondition(root.rawValue < worldSize, "a world of \(worldSize) has no rank \(root)")
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    if root == rank {
      try bytes.withUnsafeBytes {
        try run(.broadcast, attachment: $0, root: root, deadline: deadline)
      }
      return bytes
    }
    try run(.broadcast, attachment: nothing, root: root, deadline: deadline)
    let link = self.link(to: root)
    defer { link.trim(to: 1 << 20) }
    return [UInt8](link.attachment)
  }

  private func kind(of dense: DenseValues) -> FrameHeader.Kind {
    guard worldSize > 1, dense.plan.isByRank else { return .direct }
    let isLarge = dense.sum.count * 4 >= limits.ringBytesMin
    if dense.compression != nil { return isLarge && worldSize > 2 ? .roundedParts : .roundedWhole }
    return isLarge ? .ring : .direct
  }

  private func link(to peer: Rank) -> Link { links[peer < rank ? peer.rawValue : peer.rawValue - 1] }

  /// Sends this rank's frame to every peer and receives theirs, all links at once.
  private func run(
    _ kind: FrameHeader.Kind, _ dense: DenseValues? = nil, attachment: UnsafeRawBufferPointer,
    attachmentBytesMax: Int = 0, root: Rank? = nil, deadline: Deadline
  ) throws {
    guard !isClosed else {
      throw CollectiveError(.closed, generation: generation, reason: "the collective was closed")
    }
    let bound = kind == .broadcast ? limits.broadcastBytesMax : limits.attachmentBytesMax
    precondition(attachment.count <= bound, "an attachment of \(attachment.count) bytes; at most \(bound) are allowed")
    let isDirect = kind == .direct
    // By segments each rank sends a whole vector, and nothing of it ahead of them.
    func values(of rank: Rank) -> Int {
      dense.map { (isDirect ? $0.plan.counts[rank.rawValue] : 1) * $0.sum.count } ?? 0
    }
    let ahead = isDirect ? dense.map { UnsafeRawBufferPointer($0.vectors) } : nil
    let header = FrameHeader(
      kind: kind, generation: generation, sequence: sequence, denseCount: values(of: rank),
      attachmentBytes: attachment.count, sender: rank)
    sequence += 1
    for link in links {
      link.begin(
        header, attachment: attachment, dense: ahead ?? UnsafeRawBufferPointer(start: nil, count: 0),
        expectedValues: values(of: link.peer),
        lanes: lanes(to: link.peer, kind),
        attachmentBytesMax: link.peer == root ? limits.broadcastBytesMax : attachmentBytesMax)
    }
    do {
      try poller.run(until: deadline)
    } catch {
      close()
      throw error
    }
  }

  private func lanes(
    to peer: Rank, _ kind: FrameHeader.Kind
  ) -> (out: (any SegmentLane)?, in: (any SegmentLane)?) {
    switch kind {
    case .direct, .broadcast: return (nil, nil)
    case .roundedWhole, .roundedParts:
      let lane = rounded.lanes[peer.rawValue]
      return (lane, lane)
    case .ring:
      let isNext = peer.rawValue == (rank.rawValue + 1) % worldSize
      let isPrevious = rank.rawValue == (peer.rawValue + 1) % worldSize
      return (isNext ? ring : nil, isPrevious ? ring : nil)
    }
  }

  /// By segments every rank takes part, with zeros where it has nothing.
  private func fillSum(_ dense: DenseValues) {
    if let own = dense.vectors.baseAddress {
      if let sum = dense.sum.baseAddress, sum != own { sum.update(from: own, count: dense.sum.count) }
    } else {
      dense.sum.update(repeating: 0)
    }
  }

  private func add(_ dense: DenseValues) {
    guard let sum = dense.sum.baseAddress, dense.sum.count > 0 else { return }
    vectors.removeAll(keepingCapacity: true)
    for (place, count) in dense.plan.counts.enumerated() where count > 0 {
      let first = place == rank.rawValue ? dense.vectors.baseAddress : link(to: Rank(place)).dense
      guard let first else { continue }
      for vector in 0..<count { vectors.append(first + vector * dense.sum.count) }
    }
    VectorSum.add(vectors, dense.plan, count: dense.sum.count, into: sum)
  }

  private func gather(_ attachment: UnsafeRawBufferPointer) {
    for place in 0..<worldSize {
      attachments.append(place == rank.rawValue ? attachment : link(to: Rank(place)).attachment)
    }
  }
}
