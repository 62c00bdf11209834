import Glibc
import Vocabulary

/// What comes in on a link in one exchange, and how far it has got. Nothing is used before its code has proved that the peer
/// said it, here and now. Confined to the step thread.
package struct FrameReceiver: ~Copyable {
  private var seal: FrameSeal
  private let header = UnsafeMutableRawPointer.allocate(byteCount: FrameHeader.sealedBytes, alignment: 16)
  /// Of the body, or of the segment in hand.
  private let code = UnsafeMutableRawPointer.allocate(byteCount: FrameSeal.byteCount, alignment: 16)
  private var expected: FrameHeader
  private var attachmentBytesMax = 0
  /// nil: the header is not here yet.
  private var attachmentBytes: Int?
  private var attachment = ReceiveBuffer()
  private var dense = ReceiveBuffer()
  private var denseBytes = 0
  private var lane: (any SegmentLane)?
  private var headerReceived = 0
  /// Of attachment, dense values and their code.
  private var bodyReceived = 0
  private var isBodyKnown = false
  /// The frame behind the segments is still to come.
  private var isFollowed = false
  /// Of the segment in hand and its code.
  private var segmentReceived = 0

  package init(key: [UInt8], expecting header: FrameHeader) {
    seal = FrameSeal(key: key)
    expected = header
  }

  deinit {
    header.deallocate()
    code.deallocate()
  }

  /// - Parameters:
  ///   - frame: This rank's own header: the peer's has to fit it.
  ///   - values: That the peer sends.
  ///   - lane: Of a frame of segments, behind which another one comes with the attachment.
  package mutating func begin(_ frame: FrameHeader, values: Int, lane: (any SegmentLane)?, attachmentBytesMax: Int) {
    expected.kind = frame.kind
    expected.sequence = frame.sequence
    expected.denseCount = values
    expected.schedule = frame.schedule
    self.attachmentBytesMax = attachmentBytesMax
    denseBytes = frame.kind == .direct ? values * 4 : 0
    dense.reserve(denseBytes)
    self.lane = lane
    isFollowed = lane != nil
    attachmentBytes = nil
    (headerReceived, bodyReceived, segmentReceived, isBodyKnown) = (0, 0, 0, false)
  }

  package var isDone: Bool { isBodyKnown && !isFollowed }

  /// Whether there is room for what comes next.
  package var canReceive: Bool {
    guard !isDone, attachmentBytes != nil, isBodyKnown, let lane else { return !isDone }
    return !lane.incoming.isEmpty
  }

  /// Whether the peer itself owes something: what it sends last may wait for another rank.
  package var isOwed: Bool {
    guard attachmentBytes != nil, isBodyKnown, let lane else { return !isDone }
    return !lane.hasReceivedValues
  }

  /// Of a frame of segments that are all here, the one behind it begins.
  private mutating func goOn() {
    guard isFollowed, isBodyKnown, let lane, lane.hasReceived else { return }
    expected.kind = .direct
    expected.sequence += 1
    expected.denseCount = 0
    expected.schedule = 0
    self.lane = nil
    isFollowed = false
    attachmentBytes = nil
    (headerReceived, bodyReceived, isBodyKnown) = (0, 0, false)
  }

  /// The peer's attachment, once done; valid until the next exchange.
  var receivedAttachment: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: attachment.pointer, count: attachmentBytes ?? 0)
  }

  /// The peer's values of a direct exchange, once done.
  var receivedDense: UnsafeMutablePointer<Float> {
    dense.pointer.bindMemory(to: Float.self, capacity: denseBytes / 4)
  }

  mutating func trim(to bytes: Int) { attachment.trim(to: bytes) }

  /// Where what comes next belongs; never beyond what its size is known of.
  package func fill(_ pieces: inout PieceList) {
    guard let attachmentBytes else {
      pieces.add(header + headerReceived, FrameHeader.sealedBytes - headerReceived)
      return
    }
    if !isBodyKnown {
      var begin = 0
      func add(_ start: UnsafeMutableRawPointer, _ length: Int) {
        let done = min(max(0, bodyReceived - begin), length)
        begin += length
        pieces.add(start + done, length - done)
      }
      add(attachment.pointer, attachmentBytes)
      add(dense.pointer, denseBytes)
      add(code, FrameSeal.byteCount)
      return
    }
    guard let lane, let start = lane.incoming.baseAddress else { return }
    let count = lane.incoming.count
    let values = min(segmentReceived, count)
    pieces.add(start + values, count - values)
    pieces.add(code + (segmentReceived - values), FrameSeal.byteCount - (segmentReceived - values))
  }

  /// - Throws: `CollectiveError`: `protocolViolation` for a frame that does not belong here, `tampered` for one that is not
  ///   what the peer sent.
  package mutating func advance(by bytes: Int) throws(CollectiveError) {
    guard let attachmentBytes else { return try takeHeader(bytes) }
    if !isBodyKnown {
      bodyReceived += bytes
      guard bodyReceived == attachmentBytes + denseBytes + FrameSeal.byteCount else { return }
      try prove(
        UnsafeRawBufferPointer(start: attachment.pointer, count: attachmentBytes),
        UnsafeRawBufferPointer(start: dense.pointer, count: denseBytes), code, "attachment and values")
      isBodyKnown = true
      return
    }
    guard let lane else { return }
    segmentReceived += bytes
    let incoming = UnsafeRawBufferPointer(lane.incoming)
    guard segmentReceived == incoming.count + FrameSeal.byteCount else { return }
    try prove(incoming, UnsafeRawBufferPointer(start: nil, count: 0), code, "values")
    segmentReceived = 0
    lane.didReceive()
    goOn()
  }

  private mutating func takeHeader(_ bytes: Int) throws(CollectiveError) {
    headerReceived += bytes
    guard headerReceived == FrameHeader.sealedBytes else { return }
    let content = UnsafeRawBufferPointer(start: header, count: FrameHeader.byteCount)
    try prove(
      content, UnsafeRawBufferPointer(start: nil, count: 0), header + FrameHeader.byteCount, "header")
    let bytes = try FrameHeader.attachmentBytes(
      in: content, from: expected.sender, expected: expected, attachmentBytesMax: isFollowed ? 0 : attachmentBytesMax)
    attachmentBytes = bytes
    guard !isFollowed else {
      isBodyKnown = true
      return goOn()
    }
    attachment.reserve(bytes)
  }

  private mutating func prove(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, _ code: UnsafeRawPointer, _ what: String
  ) throws(CollectiveError) {
    guard !seal.opens(first, second, with: code) else { return }
    throw CollectiveError(
      .tampered, peer: expected.sender, generation: expected.generation,
      reason:
        "exchange \(expected.sequence): what came as \(what) is not what the peer sent: somebody on the way changed it")
  }
}
