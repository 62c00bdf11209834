import Collectives
import Glibc
import Vocabulary

/// One rank of a world of four without sockets: what it says to the next rank, and how it hears the one before.
final class WireRank {
  static let (world, values, attachmentBytes) = (4, 100, 37)

  let rank: Rank
  private var sender: FrameSender
  private var receiver: FrameReceiver
  private let ring = RingTransfer()
  private var pieces = PieceList()
  private let dense = UnsafeMutableBufferPointer<Float>.allocate(capacity: values)
  private let attachment = UnsafeMutableRawBufferPointer.allocate(byteCount: attachmentBytes, alignment: 1)
  /// What has come in of a part that is not whole yet.
  private var inbox: [UInt8] = []

  init(_ rank: Int, key: [UInt8]) {
    self.rank = Rank(rank)
    sender = FrameSender(key: key)
    let peer = Rank((rank + Self.world - 1) % Self.world)
    receiver = FrameReceiver(key: key, expecting: Self.header(.direct, 0, sender: peer))
  }

  deinit {
    dense.deallocate()
    attachment.deallocate()
  }

  private static func header(_ kind: FrameHeader.Kind, _ exchange: Int, sender: Rank) -> FrameHeader {
    FrameHeader(
      kind: kind, generation: Generation(7), sequence: UInt64(exchange), denseCount: kind == .broadcast ? 0 : values,
      attachmentBytes: attachmentBytes, sender: sender)
  }

  /// Begins an exchange, with values and an attachment that no other exchange has.
  func begin(_ kind: FrameHeader.Kind, _ exchange: Int) {
    var random = SplitMix64(seed: UInt64(exchange * Self.world + rank.rawValue))
    for place in dense.indices { dense[place] = Float(random.nextUnit()) }
    for place in attachment.indices { attachment[place] = UInt8(truncatingIfNeeded: random.next()) }
    let ring = kind == .ring ? self.ring : nil
    ring?.begin(dense, worldSize: Self.world, rank: rank.rawValue)
    let header = Self.header(kind, exchange, sender: rank)
    let direct = UnsafeRawBufferPointer(
      rebasing: UnsafeRawBufferPointer(dense)[..<(kind == .direct ? dense.count * 4 : 0)])
    sender.begin(header, attachment: UnsafeRawBufferPointer(attachment), dense: direct, lane: ring)
    receiver.begin(
      header, values: kind == .broadcast ? 0 : Self.values, lane: ring, attachmentBytesMax: Self.attachmentBytes)
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
