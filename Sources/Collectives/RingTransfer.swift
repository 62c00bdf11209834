/// The dense vector on its way around the ring, segment by segment: what came in and proved right is added or stored, and
/// may then go out.
///
/// Sending follows receiving closely: the first chunk is this rank's own, and every later segment is what it received
/// before, so the segments that may go out are the first chunk's plus those that came in. Confined to the step thread.
package final class RingTransfer: SegmentLane {
  private var dense = UnsafeMutableRawPointer(bitPattern: 16)!  // Replaced by begin() before any use.
  private var sending = RingCursor(RingSchedule(count: 0, worldSize: 1, rank: 0), .sending)
  private var receiving = RingCursor(RingSchedule(count: 0, worldSize: 1, rank: 0), .receiving)
  private var firstSegments = 0
  /// Where a segment arrives that is to be added.
  private let staging = UnsafeMutableRawPointer.allocate(byteCount: RingCursor.segmentValuesMax * 4, alignment: 64)

  deinit { staging.deallocate() }

  package init() {}

  package func begin(_ dense: UnsafeMutableBufferPointer<Float>, worldSize: Int, rank: Int) {
    let schedule = RingSchedule(count: dense.count, worldSize: worldSize, rank: rank)
    if let base = dense.baseAddress { self.dense = UnsafeMutableRawPointer(base) }
    sending = RingCursor(schedule, .sending)
    receiving = RingCursor(schedule, .receiving)
    firstSegments = sending.segments(of: schedule.chunk(rank))
  }

  package var hasSent: Bool { sending.isAtEnd }
  package var hasReceived: Bool { receiving.isAtEnd }

  /// The segment that may go out now; empty: wait for more to come in.
  package var outgoing: UnsafeRawBufferPointer {
    guard sending.done < firstSegments + receiving.done else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let next = sending.next
    return UnsafeRawBufferPointer(start: dense + next.lowerBound * 4, count: next.count * 4)
  }

  package func didSend() { sending.advance() }

  /// Where to put the segment that comes in; nothing there is believed before `didReceive`.
  package var incoming: UnsafeMutableRawBufferPointer {
    let next = receiving.next
    let start = receiving.schedule.adds(inStage: receiving.stage) ? staging : dense + next.lowerBound * 4
    return UnsafeMutableRawBufferPointer(start: start, count: next.count * 4)
  }

  /// The segment is there, and is the peer's.
  package func didReceive() {
    let next = receiving.next
    if receiving.schedule.adds(inStage: receiving.stage) {
      let target = (dense + next.lowerBound * 4).assumingMemoryBound(to: Float.self)
      let arrived = staging.bindMemory(to: Float.self, capacity: next.count)
      for index in 0..<next.count { target[index] = arrived[index] + target[index] }
    }
    receiving.advance()
  }
}
