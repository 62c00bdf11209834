/// A `PartTransfer` as one link sees it. Confined to the step thread.
package final class PartLane: SegmentLane {
  let peer: Int
  private unowned let transfer: PartTransfer
  private var (outItems, inItems): ([PartSchedule.Item], [PartSchedule.Item]) = ([], [])
  private var (sent, received) = (0, 0)
  /// Segments of the own part that the peer has sent.
  private(set) var receivedValues = 0
  /// The peer's values of the own part, and behind them a segment of its sum; between two ranks, whose values are added up as
  /// they arrive, a segment of either.
  private var inbox = ReceiveBuffer()
  private let isPair: Bool
  /// Values in the inbox before the place of a sum.
  private var sumStart = 0
  private var valueItems = 0

  init(of transfer: PartTransfer, to peer: Int) {
    self.transfer = transfer
    self.peer = peer
    isPair = transfer.schedule.worldSize == 2
  }

  func plan(ownHolds: Bool, peerHolds: Bool) {
    outItems = schedule.items(from: transfer.rank, to: peer, holds: ownHolds)
    inItems = schedule.items(from: peer, to: transfer.rank, holds: peerHolds)
    valueItems = inItems.count { !$0.isSum }
    sumStart = isPair ? 0 : schedule.count(ofPart: transfer.rank)
  }

  func begin() {
    (sent, received, receivedValues) = (0, 0, 0)
    inbox.reserve(exactly: (sumStart + PartSchedule.segmentValuesMax) * transfer.form.bytes)
  }

  private var schedule: PartSchedule { transfer.schedule }

  /// What the peer sent of a segment of the own part.
  func received(_ segment: PartSchedule.Segment) -> UnsafeMutableRawPointer {
    inbox.pointer + (isPair ? 0 : segment.start * transfer.form.bytes)
  }

  package var hasSent: Bool { sent == outItems.count }
  package var hasReceived: Bool { received == inItems.count }

  package var hasReceivedValues: Bool { receivedValues == valueItems }

  package var canSend: Bool {
    guard sent < outItems.count else { return false }
    let item = outItems[sent]
    return item.isSum ? item.index < transfer.summedSegments : item.segment.stretches <= transfer.stretches
  }

  package var outgoing: UnsafeRawBufferPointer {
    guard canSend else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let item = outItems[sent]
    let start = item.isSum ? transfer.form.sum(item.segment) : transfer.form.own(item.segment)
    return UnsafeRawBufferPointer(bytes(start, item.segment))
  }

  package var isAtLast: Bool { sent + 1 == outItems.count }

  package func didSend() { sent += 1 }

  package var incoming: UnsafeMutableRawBufferPointer {
    let nothing = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    guard received < inItems.count else { return nothing }
    let item = inItems[received]
    if item.isSum { return bytes(place(ofSum: item.segment), item.segment) }
    // There is one place for all of them, which is free once they are added to values that are final.
    guard !isPair || item.segment.stretches <= transfer.stretches else { return nothing }
    return bytes(received(item.segment), item.segment)
  }

  package func didReceive() {
    let item = inItems[received]
    received += 1
    if item.isSum {
      transfer.form.take(place(ofSum: item.segment), item.segment)
    } else {
      receivedValues += 1
      transfer.addUp()
    }
  }

  private func place(ofSum segment: PartSchedule.Segment) -> UnsafeMutableRawPointer {
    transfer.form.place(segment) ?? inbox.pointer + sumStart * transfer.form.bytes
  }

  private func bytes(
    _ start: UnsafeMutableRawPointer, _ segment: PartSchedule.Segment
  ) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: start, count: segment.values.count * transfer.form.bytes)
  }
}
