import Glibc
import Vocabulary

/// What goes out on a link in one exchange, and how far it has got: a frame straight from memory, or one of segments, as a lane
/// allows, with another one behind it. Confined to the step thread.
package struct FrameSender: ~Copyable {
  private var seal: FrameSeal
  private var frame = SealedFrame()
  private var lane: (any SegmentLane)?
  /// The segment in hand and its code; empty: none is.
  private var segment = UnsafeRawBufferPointer(start: nil, count: 0)
  private let segmentCode = UnsafeMutableRawPointer.allocate(byteCount: FrameSeal.byteCount, alignment: 16)
  private var segmentSent = 0
  /// Behind the segments: to come, or here but not sealed yet, or sealed.
  private var following: (header: FrameHeader, attachment: UnsafeRawBufferPointer)?
  private var last = SealedFrame()
  private var lastIsSealed = false

  package init(key: [UInt8]) { seal = FrameSeal(key: key) }

  deinit { segmentCode.deallocate() }

  package mutating func begin(
    _ header: FrameHeader, attachment: UnsafeRawBufferPointer, dense: UnsafeRawBufferPointer
  ) {
    frame.begin(header, by: &seal)
    frame.add(attachment, dense, by: &seal)
    (lane, following, lastIsSealed) = (nil, nil, false)
    segment = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// Begins a frame of segments; `follow` has to come before it is done.
  package mutating func begin(_ header: FrameHeader, segments: any SegmentLane) {
    frame.begin(header, by: &seal)
    (lane, following, lastIsSealed) = (segments, nil, false)
    segment = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// The frame that goes behind the segments.
  package mutating func follow(_ header: FrameHeader, attachment: UnsafeRawBufferPointer) {
    following = (header, attachment)
  }

  package var isDone: Bool { frame.isSent && (lane == nil || (lastIsSealed && last.isSent && segment.isEmpty)) }

  /// Whether there is something to send now.
  package var canSend: Bool {
    if !frame.isSent || !segment.isEmpty || (lastIsSealed && !last.isSent) { return true }
    guard let lane, !lastIsSealed else { return false }
    return lane.hasSent ? following != nil : lane.canSend
  }

  /// - Returns: What can go out now.
  package mutating func fill(_ pieces: inout PieceList) {
    frame.fill(&pieces)
    guard let lane else { return }
    if segment.isEmpty, !lane.hasSent {
      segment = lane.outgoing
      segmentSent = 0
      if !segment.isEmpty { seal.seal(segment, to: segmentCode) }
    }
    if let start = segment.baseAddress {
      let values = min(segmentSent, segment.count)
      pieces.add(UnsafeMutableRawPointer(mutating: start + values), segment.count - values)
      pieces.add(segmentCode + (segmentSent - values), FrameSeal.byteCount - (segmentSent - values))
    }
    guard segment.isEmpty ? lane.hasSent : lane.isAtLast, let (header, attachment) = following else { return }
    if !lastIsSealed {
      last.begin(header, by: &seal)
      last.add(attachment, UnsafeRawBufferPointer(start: nil, count: 0), by: &seal)
      lastIsSealed = true
    }
    last.fill(&pieces)
  }

  package mutating func advance(by bytes: Int) {
    var rest = frame.advance(by: bytes)
    if rest > 0, !segment.isEmpty {
      let taken = min(rest, segment.count + FrameSeal.byteCount - segmentSent)
      segmentSent += taken
      rest -= taken
      guard segmentSent == segment.count + FrameSeal.byteCount else { return }
      segment = UnsafeRawBufferPointer(start: nil, count: 0)
      lane?.didSend()
    }
    if rest > 0 { _ = last.advance(by: rest) }
  }
}
