import Collectives
import Glibc
import Vocabulary

/// One of two ranks without sockets: what it says to the other, and how it hears it.
final class WireRank {
  static let (world, values, attachmentBytes) = (2, 100, 37)

  let rank: Rank
  private var sender: FrameSender
  private var receiver: FrameReceiver
  private let parts: PartTransfer
  /// Frames of an exchange so far.
  private var sequence = 0
  private var pieces = PieceList()
  private let dense = UnsafeMutableBufferPointer<Float>.allocate(capacity: values)
  private let attachment = UnsafeMutableRawBufferPointer.allocate(byteCount: attachmentBytes, alignment: 1)
  /// What has come in of a part that is not whole yet.
  private var inbox: [UInt8] = []

  init(_ rank: Int, key: [UInt8]) {
    self.rank = Rank(rank)
    sender = FrameSender(key: key)
    parts = PartTransfer(rank: rank, worldSize: Self.world)
    let peer = Rank(1 - rank)
    receiver = FrameReceiver(key: key, expecting: Self.header(.direct, 0, sender: peer))
  }

  deinit {
    dense.deallocate()
    attachment.deallocate()
  }

  private static func header(
    _ kind: FrameHeader.Kind, _ sequence: Int, values: Int = values, attachment: Int = attachmentBytes, sender: Rank
  ) -> FrameHeader {
    FrameHeader(
      kind: kind, generation: Generation(7), sequence: UInt64(sequence), denseCount: values,
      attachmentBytes: attachment, sender: sender)
  }

  /// Begins an exchange, with values and an attachment that no other exchange has.
  func begin(_ kind: FrameHeader.Kind, _ exchange: Int) {
    var random = SplitMix64(seed: UInt64(exchange * Self.world + rank.rawValue))
    for place in dense.indices { dense[place] = Float(random.nextUnit()) }
    for place in attachment.indices { attachment[place] = UInt8(truncatingIfNeeded: random.next()) }
    let bound = Self.attachmentBytes
    let attachment = UnsafeRawBufferPointer(attachment)
    guard kind.isCut else {
      let values = kind == .broadcast ? 0 : Self.values
      let header = Self.header(kind, next(), values: values, sender: rank)
      let direct = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(dense)[..<(values * 4)])
      sender.begin(header, attachment: attachment, dense: direct)
      return receiver.begin(header, values: values, lane: nil, attachmentBytesMax: bound)
    }
    let compression = kind == .parts ? nil : GradientCompression()
    let plan = SumPlan.byRank(worldSize: Self.world, holders: Self.world)
    parts.begin(
      DenseValues(vectors: dense, sum: dense, plan: plan, compression: compression), isWhole: kind == .roundedWhole)
    let lane = parts.lanes[1 - rank.rawValue]
    let header = Self.header(kind, next(), attachment: 0, sender: rank)
    sender.begin(header, segments: lane)
    receiver.begin(header, values: Self.values, lane: lane, attachmentBytesMax: bound)
    parts.releaseAll()
    sender.follow(Self.header(.direct, next(), values: 0, sender: rank), attachment: attachment)
  }

  private func next() -> Int {
    defer { sequence += 1 }
    return sequence
  }

  /// All that it can say now.
  func say() -> [UInt8] {
    var said: [UInt8] = []
    while sender.canSend {
      pieces.clear()
      sender.fill(&pieces)
      for piece in UnsafeBufferPointer(start: pieces.pointer, count: pieces.count) {
        said += UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len)
      }
      sender.advance(by: pieces.bytes)
    }
    return said
  }

  var isDone: Bool { receiver.isDone }

  /// Hears bytes, and says which parts they completed: a header, a body or a segment, each with its code.
  func hear(_ bytes: [UInt8]) throws -> [[UInt8]] {
    inbox += bytes
    var parts: [[UInt8]] = []
    while !receiver.isDone {
      pieces.clear()
      receiver.fill(&pieces)
      guard pieces.bytes <= inbox.count else { break }
      var taken = 0
      for piece in UnsafeBufferPointer(start: pieces.pointer, count: pieces.count) {
        inbox.withUnsafeBytes {
          piece.iov_base.copyMemory(from: $0.baseAddress! + taken, byteCount: piece.iov_len)
        }
        taken += piece.iov_len
      }
      parts.append(Array(inbox[..<taken]))
      inbox.removeFirst(taken)
      try receiver.advance(by: taken)
    }
    return parts
  }
}
