public import Vocabulary

/// The ranks of one generation over a full mesh of TCP links. Confined to the step thread.
///
/// **The order of the sum** depends on the number of values and the world size only. Below `ringBytesMin`
/// every rank sends all to every other and each adds x₀ + x₁ + … + x(W−1). From there on `RingSchedule`
/// says the order, chunk by chunk. Attachments always go to every rank directly.
///
/// **Failure.** A link that ends while it owes or is owed something fails the exchange at once, whichever link it is; a
/// peer that finished its part and then left fails the next one. Failing closes all links, so the failure spreads to
/// every rank without waiting for its deadline, and the rank named may be a messenger of the loss.
///
/// **Integrity.** Every part of a frame has a code (`FrameSeal`) that is held against it before the part is used or goes on
/// to another rank, so that nothing that was changed, left out, repeated or moved on the way reaches a sum. Nothing is
/// ciphered: who can read the network reads gradients and envelopes.
///
/// - Complexity: Direct: W − 1 messages of P values a rank. Ring: 2·(W−1) of about P/W. No allocation once buffers
///   have their size.
public final class TCPCollective: Collective {
  public let rank: Rank
  public let worldSize: Int
  public let generation: Generation
  let limits: CollectiveLimits

  private let links: [Link]
  private let ring = RingTransfer()
  private let poller: LinkPoller
  private let partial = RankOrderSum.makePartial()
  private var sources: [UnsafePointer<Float>] = []
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
    poller = LinkPoller(links: links, generation: generation)
    sources.reserveCapacity(worldSize)
    attachments.reserveCapacity(worldSize)
  }

  deinit {
    close()
    partial.deallocate()
  }

  public func close() {
    isClosed = true
    for link in links { link.socket.close() }
  }

  public func exchange<Result>(
    dense: UnsafeMutableBufferPointer<Float>, attachment: UnsafeRawBufferPointer, deadline: Deadline,
    _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) throws -> Result {
    let usesRing = worldSize > 1 && dense.count * 4 >= limits.ringBytesMin
    if usesRing { ring.begin(dense, worldSize: worldSize, rank: rank.rawValue) }
    try run(
      usesRing ? .ring : .direct, dense: dense, attachment: attachment, attachmentBytesMax: limits.attachmentBytesMax,
      deadline: deadline)
    if !usesRing { addInRankOrder(dense) }
    gather(attachment)
    defer { attachments.removeAll(keepingCapacity: true) }
    return try body(attachments)
  }

  public func broadcast(from root: Rank, _ bytes: [UInt8], deadline: Deadline) throws -> [UInt8] {
    precondition(root.rawValue < worldSize, "a world of \(worldSize) has no rank \(root)")
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    if root == rank {
      try bytes.withUnsafeBytes {
        try run(.broadcast, dense: .init(start: nil, count: 0), attachment: $0, root: root, deadline: deadline)
      }
      return bytes
    }
    try run(.broadcast, dense: .init(start: nil, count: 0), attachment: nothing, root: root, deadline: deadline)
    let link = self.link(to: root)
    defer { link.trim(to: 1 << 20) }
    return [UInt8](link.attachment)
  }

  private func link(to peer: Rank) -> Link { links[peer < rank ? peer.rawValue : peer.rawValue - 1] }

  /// Sends this rank's frame to every peer and receives theirs, all links at once.
  private func run(
    _ kind: FrameHeader.Kind, dense: UnsafeMutableBufferPointer<Float>, attachment: UnsafeRawBufferPointer,
    attachmentBytesMax: Int = 0, root: Rank? = nil, deadline: Deadline
  ) throws {
    guard !isClosed else {
      throw CollectiveError(.closed, generation: generation, reason: "the collective was closed")
    }
    let bound = kind == .broadcast ? limits.broadcastBytesMax : limits.attachmentBytesMax
    precondition(attachment.count <= bound, "an attachment of \(attachment.count) bytes; at most \(bound) are allowed")
    let header = FrameHeader(
      kind: kind, generation: generation, sequence: sequence, denseCount: dense.count,
      attachmentBytes: attachment.count, sender: rank)
    sequence += 1
    let next = Rank((rank.rawValue + 1) % worldSize)
    let previous = Rank((rank.rawValue + worldSize - 1) % worldSize)
    let isRing = kind == .ring
    for link in links {
      link.begin(
        header, attachment: attachment, dense: isRing ? .init(start: nil, count: 0) : .init(dense),
        ringOut: isRing && link.peer == next ? ring : nil, ringIn: isRing && link.peer == previous ? ring : nil,
        attachmentBytesMax: link.peer == root ? limits.broadcastBytesMax : attachmentBytesMax)
    }
    do {
      try poller.run(until: deadline)
    } catch {
      close()
      throw error
    }
  }

  private func addInRankOrder(_ dense: UnsafeMutableBufferPointer<Float>) {
    guard let own = dense.baseAddress, dense.count > 0 else { return }
    sources.removeAll(keepingCapacity: true)
    for place in 0..<worldSize {
      sources.append(place == rank.rawValue ? UnsafePointer(own) : link(to: Rank(place)).dense)
    }
    RankOrderSum.add(sources, count: dense.count, into: own, partial: partial)
  }

  private func gather(_ attachment: UnsafeRawBufferPointer) {
    for place in 0..<worldSize {
      attachments.append(place == rank.rawValue ? attachment : link(to: Rank(place)).attachment)
    }
  }
}
