import Tensors

/// A `RoundedTransfer` as one link sees it: first what of the own values the peer is to add up, then, in parts, what this rank has
/// added up; the other way alike. Confined to the step thread.
final class RoundedLane: SegmentLane {
  let peer: Int
  private unowned let transfer: RoundedTransfer
  /// Segments of both stages.
  private var sent = 0
  private(set) var received = 0
  private var (ownSegments, peerSegments) = (0, 0)
  /// The peer's values of the own part, and behind them the sum's segment in hand.
  private var inbox = AlignedBuffer<UInt16>(count: 0)

  init(of transfer: RoundedTransfer, to peer: Int) {
    self.transfer = transfer
    self.peer = peer
  }

  func begin() {
    (sent, received) = (0, 0)
    ownSegments = schedule.segmentCount(ofPart: transfer.rank)
    peerSegments = schedule.segmentCount(ofPart: peer)
    let count = transfer.ownPart.count + (schedule.isWhole ? 0 : RingCursor.segmentValuesMax)
    if inbox.count < count { inbox = AlignedBuffer(count: count) }
  }

  private var schedule: RoundedSchedule { transfer.schedule }

  /// What the peer sent of a block of the own part.
  func received(_ block: Range<Int>) -> UnsafePointer<UInt16> {
    UnsafePointer(inbox.pointer) + (block.lowerBound - transfer.ownPart.lowerBound)
  }

  var hasSent: Bool { sent == peerSegments + (schedule.isWhole ? 0 : ownSegments) }
  var hasReceived: Bool { received == ownSegments + (schedule.isWhole ? 0 : peerSegments) }

  var outgoing: UnsafeRawBufferPointer {
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    if sent < peerSegments {
      transfer.round(sent, ofPart: peer)
      return transfer.outgoing(schedule.segment(sent, ofPart: peer))
    }
    guard !hasSent, sent - peerSegments < transfer.summedSegments else { return nothing }
    return transfer.outgoing(schedule.segment(sent - peerSegments, ofPart: transfer.rank))
  }

  func didSend() { sent += 1 }

  var incoming: UnsafeMutableRawBufferPointer {
    guard !hasReceived else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
    let segment = incomingSegment
    let start = received < ownSegments ? segment.lowerBound - transfer.ownPart.lowerBound : transfer.ownPart.count
    return UnsafeMutableRawBufferPointer(start: inbox.pointer + start, count: segment.count * 2)
  }

  private var incomingSegment: Range<Int> {
    received < ownSegments
      ? schedule.segment(received, ofPart: transfer.rank) : schedule.segment(received - ownSegments, ofPart: peer)
  }

  func didReceive() {
    if received < ownSegments {
      received += 1
      transfer.addUp()
    } else {
      transfer.take(UnsafePointer(inbox.pointer) + transfer.ownPart.count, of: incomingSegment)
      received += 1
    }
  }
}
