public import Vocabulary

/// The ranks of one generation over a full mesh of TCP links. Confined to the step thread.
///
/// **The order of the sum** depends on the plan only, whatever the number of values. Every rank sends all its vectors to every
/// other, and each adds them up as the plan says; of a plan by rank, where values take `partsBytesMin` or more, each rank adds
/// up one part, in the order of ranks, and sends its sum to the others (`PartSchedule`). From `overlapBytesMin` on those begin
/// before all values are final (`open`). Attachments always go to every rank directly.
///
/// **As bfloat16** (`GradientCompression`) half the bytes go, always in segments: in parts among three ranks and up, and whole
/// otherwise. What rounding takes away goes out with the next values.
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
/// - Complexity: Directly W − 1 messages of P values a rank; in parts 2·(W − 1) of about P/W. No allocation once buffers have
///   their size.
public final class TCPCollective: Collective {
  public let rank: Rank
  public let worldSize: Int
  public let generation: Generation
  public let descriptors: [Int32]
  public var sentBytes: Int64 { links.reduce(0) { $0 + $1.sentBytes } }
  public var receivedBytes: Int64 { links.reduce(0) { $0 + $1.receivedBytes } }
  let limits: CollectiveLimits

  private let links: [Link]
  private let parts: PartTransfer
  private let poller: LinkPoller
  private var vectors: [UnsafeMutablePointer<Float>] = []
  private var attachments: [UnsafeRawBufferPointer] = []
  private var sequence: UInt64 = 0
  /// An exchange in segments that is not ended yet, and what went wrong in it.
  private var opened: DenseValues?
  private var failure: CollectiveError?
  private var isClosed = false

  /// - Parameter links: One for each other rank, in rank order.
  init(rank: Rank, worldSize: Int, generation: Generation, links: [Link], limits: CollectiveLimits) {
    precondition(links.count == worldSize - 1, "\(links.count) links in a world of \(worldSize)")
    self.rank = rank
    self.worldSize = worldSize
    self.generation = generation
    self.links = links
    descriptors = links.map(\.socket.descriptor)
    self.limits = limits
    parts = PartTransfer(rank: rank.rawValue, worldSize: worldSize)
    poller = LinkPoller(links: links, generation: generation)
    vectors.reserveCapacity(worldSize)
    attachments.reserveCapacity(worldSize)
  }

  deinit { close() }

  public func close() {
    isClosed = true
    for link in links { link.socket.close() }
  }

  public func open(_ dense: DenseValues) {
    check(dense)
    let kind = kind(of: dense)
    guard kind.isCut, overlaps(dense), !isClosed else { return }
    begin(kind, dense)
  }

  public func advance(_ stretches: Int) {
    guard opened != nil, failure == nil else { return }
    parts.release(stretches)
    pump()
  }

  public func exchange<Result>(
    _ dense: DenseValues, attachment: UnsafeRawBufferPointer, deadline: Deadline,
    _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) throws -> Result {
    try checkOpen()
    check(attachment, limits.attachmentBytesMax)
    if let opened {
      precondition(
        opened.sum.baseAddress == dense.sum.baseAddress && opened.plan == dense.plan && opened.order == dense.order
          && opened.compression === dense.compression, "other values than those that were opened")
      if let failure {
        close()
        throw failure
      }
    } else {
      check(dense)
      let kind = kind(of: dense)
      if kind.isCut { begin(kind, dense) } else { begin(.direct, dense, attachment: attachment) }
    }
    if opened != nil { end(attachment) }
    let wasCut = opened != nil
    opened = nil
    try finish(until: deadline)
    if !wasCut { add(dense) }
    gather(attachment)
    defer { attachments.removeAll(keepingCapacity: true) }
    return try body(attachments)
  }

  public func broadcast(from root: Rank, _ bytes: [UInt8], deadline: Deadline) throws -> [UInt8] {
    precondition(root.rawValue < worldSize, "a world of \(worldSize) has no rank \(root)")
    precondition(opened == nil, "a broadcast in the middle of an exchange")
    try checkOpen()
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    if root == rank {
      try bytes.withUnsafeBytes {
        check($0, limits.broadcastBytesMax)
        begin(.broadcast, attachment: $0)
        try finish(until: deadline)
      }
      return bytes
    }
    begin(.broadcast, attachment: nothing, root: root)
    try finish(until: deadline)
    let link = self.link(to: root)
    defer { link.trim(to: 1 << 20) }
    return [UInt8](link.attachment)
  }

  private func check(_ dense: DenseValues) {
    let (sum, plan) = (dense.sum, dense.plan)
    precondition(
      plan.counts.count == worldSize && dense.vectors.count == plan.counts[rank.rawValue] * sum.count,
      "\(dense.vectors.count) values of vectors of \(sum.count) are not this rank's of a plan for \(plan.counts)")
  }

  private func check(_ attachment: UnsafeRawBufferPointer, _ bound: Int) {
    precondition(attachment.count <= bound, "an attachment of \(attachment.count) bytes; at most \(bound) are allowed")
  }

  private func checkOpen() throws {
    guard isClosed else { return }
    throw CollectiveError(.closed, generation: generation, reason: "the collective was closed")
  }

  private func kind(of dense: DenseValues) -> FrameHeader.Kind {
    guard worldSize > 1, dense.plan.isByRank else { return .direct }
    let isLarge = dense.sum.count * 4 >= limits.partsBytesMin
    if dense.compression != nil { return isLarge && worldSize > 2 ? .roundedParts : .roundedWhole }
    return isLarge ? .parts : .direct
  }

  private func overlaps(_ dense: DenseValues) -> Bool { dense.sum.count * 4 >= limits.overlapBytesMin }

  private func link(to peer: Rank) -> Link { links[peer < rank ? peer.rawValue : peer.rawValue - 1] }

  private func header(
    _ kind: FrameHeader.Kind, values: Int, attachment: Int, schedule: UInt32 = 0
  ) -> FrameHeader {
    defer { sequence += 1 }
    return FrameHeader(
      kind: kind, generation: generation, sequence: sequence, denseCount: values, attachmentBytes: attachment,
      sender: rank, schedule: schedule)
  }

  /// Begins an exchange or a broadcast of one frame.
  private func begin(
    _ kind: FrameHeader.Kind, _ dense: DenseValues? = nil, attachment: UnsafeRawBufferPointer, root: Rank? = nil
  ) {
    func values(of rank: Rank) -> Int { dense.map { $0.plan.counts[rank.rawValue] * $0.sum.count } ?? 0 }
    let header = header(kind, values: values(of: rank), attachment: attachment.count)
    for link in links {
      link.begin(
        header, attachment: attachment,
        dense: dense.map { UnsafeRawBufferPointer($0.vectors) } ?? UnsafeRawBufferPointer(start: nil, count: 0),
        expectedValues: values(of: link.peer),
        attachmentBytesMax: kind != .broadcast
          ? limits.attachmentBytesMax : link.peer == root ? limits.broadcastBytesMax : 0)
    }
  }

  /// Begins an exchange in segments; nothing is final yet.
  private func begin(_ kind: FrameHeader.Kind, _ dense: DenseValues) {
    precondition(opened == nil, "an exchange that was opened is not ended")
    opened = dense
    failure = nil
    parts.begin(dense, isWhole: kind == .roundedWhole, order: overlaps(dense) ? dense.order : [])
    let header = header(kind, values: dense.sum.count, attachment: 0, schedule: parts.digest)
    for link in links {
      link.begin(
        header, lane: parts.lanes[link.peer.rawValue], expectedValues: dense.sum.count,
        attachmentBytesMax: limits.attachmentBytesMax)
    }
  }

  /// All values are final, and the attachment goes behind them.
  private func end(_ attachment: UnsafeRawBufferPointer) {
    parts.releaseAll()
    let header = header(.direct, values: 0, attachment: attachment.count)
    for link in links { link.follow(header, attachment: attachment) }
  }

  private func pump() {
    do { try poller.pump() } catch { failure = error }
  }

  /// Sends and receives, all links at once, until all of the exchange is done.
  private func finish(until deadline: Deadline) throws {
    do {
      try poller.run(until: deadline)
    } catch {
      close()
      throw error
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
