package import Vocabulary

/// What goes before the payload of every exchange: enough to refuse a peer that is not in the same step.
///
/// 48 bytes, little-endian: magic u32, kind u32, generation i64, sequence u64, dense values u64, attachment bytes u64,
/// sender's rank u32, how values are cut u32 (`PartSchedule.digest`; 0 where they are not). Behind it its code (`FrameSeal`); then the attachment and, where they go directly, the dense
/// values, with one code for both. Values in segments follow the header at once, each segment with a code of its own, and the
/// attachment has a frame of its own behind them: so they may go before it is known.
package struct FrameHeader: Equatable {
  package static let byteCount = 48
  /// With its code.
  package static let sealedBytes = byteCount + FrameSeal.byteCount
  private static let magic: UInt32 = 0x5843_5452  // "RTCX"

  package enum Kind: UInt32 {
    /// The whole vector to every peer.
    case direct = 1
    /// To every peer the part that it adds up, and the sum of one's own to all.
    case parts = 6
    /// State from one rank to the others.
    case broadcast = 3
    /// The whole vector to every peer, as bfloat16.
    case roundedWhole = 7
    /// The same as `parts`, as bfloat16.
    case roundedParts = 8

    /// Values go in segments.
    package var isCut: Bool { self == .parts || self == .roundedWhole || self == .roundedParts }

    var words: String {
      switch self {
      case .direct: "float32 values directly"
      case .parts: "float32 values in parts"
      case .broadcast: "state"
      case .roundedWhole: "bfloat16 values directly"
      case .roundedParts: "bfloat16 values in parts"
      }
    }
  }

  var kind: Kind
  var generation: Generation
  /// Counts the exchanges and broadcasts of a generation.
  var sequence: UInt64
  var denseCount: Int
  var attachmentBytes: Int
  var sender: Rank
  /// How values are cut into segments.
  var schedule: UInt32

  package init(
    kind: Kind, generation: Generation, sequence: UInt64, denseCount: Int, attachmentBytes: Int, sender: Rank,
    schedule: UInt32 = 0
  ) {
    self.kind = kind
    self.generation = generation
    self.sequence = sequence
    self.denseCount = denseCount
    self.attachmentBytes = attachmentBytes
    self.sender = sender
    self.schedule = schedule
  }

  func write(to bytes: UnsafeMutableRawPointer) {
    bytes.store(littleEndian: Self.magic, at: 0)
    bytes.store(littleEndian: kind.rawValue, at: 4)
    bytes.store(littleEndian: generation.rawValue, at: 8)
    bytes.store(littleEndian: sequence, at: 16)
    bytes.store(littleEndian: UInt64(denseCount), at: 24)
    bytes.store(littleEndian: UInt64(attachmentBytes), at: 32)
    bytes.store(littleEndian: UInt32(sender.rawValue), at: 40)
    bytes.store(littleEndian: schedule, at: 44)
  }

  /// Reads the header that `peer` sent and holds it against what this rank `expected` of it.
  ///
  /// - Returns: The attachment's size, within `attachmentBytesMax`.
  /// - Throws: `CollectiveError.protocolViolation`, naming the first difference.
  static func attachmentBytes(
    in bytes: UnsafeRawBufferPointer, from peer: Rank, expected: FrameHeader, attachmentBytesMax: Int
  ) throws(CollectiveError) -> Int {
    func require(_ holds: Bool, _ reason: @autoclosure () -> String) throws(CollectiveError) {
      guard !holds else { return }
      throw CollectiveError(.protocolViolation, peer: peer, generation: expected.generation, reason: reason())
    }
    try require(bytes.count == byteCount && bytes.integer(at: 0) == magic, "not a frame")
    let kind: UInt32 = bytes.integer(at: 4)
    try require(
      kind == expected.kind.rawValue,
      "the peer sends \(Kind(rawValue: kind)?.words ?? "frames of kind \(kind)"), not \(expected.kind.words)")
    let generation: Int64 = bytes.integer(at: 8)
    try require(generation == expected.generation.rawValue, "the peer is in generation \(generation)")
    let sequence: UInt64 = bytes.integer(at: 16)
    try require(sequence == expected.sequence, "the peer is in exchange \(sequence), not \(expected.sequence)")
    let sender: UInt32 = bytes.integer(at: 40)
    try require(Int(sender) == peer.rawValue, "the peer calls itself rank \(sender)")
    let denseCount: UInt64 = bytes.integer(at: 24)
    try require(
      denseCount == UInt64(expected.denseCount), "the peer sends \(denseCount) values, not \(expected.denseCount)")
    let schedule: UInt32 = bytes.integer(at: 44)
    try require(schedule == expected.schedule, "the peer cuts its values in another way: it is another version")
    let attachment: UInt64 = bytes.integer(at: 32)
    try require(
      attachment <= UInt64(attachmentBytesMax),
      "an attachment of \(attachment) bytes is larger than the \(attachmentBytesMax) allowed")
    return Int(attachment)
  }
}
