import Glibc

/// What goes out on a link in one exchange, and how far it has got: header, attachment, then dense values, straight from the
/// vector or as a lane allows, each with its code. Confined to the step thread.
package struct FrameSender: ~Copyable {
  private var seal: FrameSeal
  private let header = UnsafeMutableRawPointer.allocate(byteCount: FrameHeader.sealedBytes, alignment: 16)
  /// The code of the body, and that of the segment in hand.
  private let bodyCode = UnsafeMutableRawPointer.allocate(byteCount: FrameSeal.byteCount, alignment: 16)
  private let segmentCode = UnsafeMutableRawPointer.allocate(byteCount: FrameSeal.byteCount, alignment: 16)
  private var attachment = UnsafeRawBufferPointer(start: nil, count: 0)
  private var dense = UnsafeRawBufferPointer(start: nil, count: 0)
  private var lane: (any SegmentLane)?
  /// Bytes of the frame before the lane's segments that are sent.
  private var sent = 0
  /// The segment in hand; empty: none is.
  private var segment = UnsafeRawBufferPointer(start: nil, count: 0)
  private var segmentSent = 0

  package init(key: [UInt8]) { seal = FrameSeal(key: key) }

  deinit {
    header.deallocate()
    bodyCode.deallocate()
    segmentCode.deallocate()
  }

  package mutating func begin(
    _ frame: FrameHeader, attachment: UnsafeRawBufferPointer, dense: UnsafeRawBufferPointer, lane: (any SegmentLane)?
  ) {
    frame.write(to: header)
    seal.seal(
      UnsafeRawBufferPointer(start: header, count: FrameHeader.byteCount), to: header + FrameHeader.byteCount)
    (self.attachment, self.dense, self.lane) = (attachment, dense, lane)
    seal.seal(attachment, dense, to: bodyCode)
    sent = 0
    segment = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  private var plainBytes: Int { FrameHeader.sealedBytes + attachment.count + dense.count + FrameSeal.byteCount }

  package var isDone: Bool { sent == plainBytes && segment.isEmpty && lane?.hasSent != false }

  /// Whether there is something to send now; of a lane it may have to come in first.
  package var canSend: Bool { sent < plainBytes || !segment.isEmpty || lane?.outgoing.isEmpty == false }

  /// - Returns: What can go out now.
  package mutating func fill(_ pieces: inout PieceList) {
    var begin = 0
    func add(_ start: UnsafeRawPointer?, _ length: Int) {
      let done = min(max(0, sent - begin), length)
      begin += length
      if let start { pieces.add(UnsafeMutableRawPointer(mutating: start + done), length - done) }
    }
    if sent < plainBytes {
      add(header, FrameHeader.sealedBytes)
      add(attachment.baseAddress, attachment.count)
      add(dense.baseAddress, dense.count)
      add(bodyCode, FrameSeal.byteCount)
    }
    guard let lane else { return }
    if segment.isEmpty, !lane.outgoing.isEmpty {
      segment = lane.outgoing
      segmentSent = 0
      seal.seal(segment, to: segmentCode)
    }
    guard let start = segment.baseAddress else { return }
    let values = min(segmentSent, segment.count)
    pieces.add(UnsafeMutableRawPointer(mutating: start + values), segment.count - values)
    pieces.add(segmentCode + (segmentSent - values), FrameSeal.byteCount - (segmentSent - values))
  }

  package mutating func advance(by bytes: Int) {
    let plain = min(bytes, plainBytes - sent)
    sent += plain
    guard bytes > plain else { return }
    segmentSent += bytes - plain
    guard segmentSent == segment.count + FrameSeal.byteCount else { return }
    segment = UnsafeRawBufferPointer(start: nil, count: 0)
    lane?.didSend()
  }
}
