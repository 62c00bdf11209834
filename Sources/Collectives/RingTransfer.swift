/// The dense vector on its way around the ring, byte by byte: what came in is added or stored, and may then go out.
///
/// Sending follows receiving closely: the first chunk is this rank's own, and every later one is what it received
/// before, so the bytes that may go out are the first chunk's plus those that came in. Confined to the step thread.
final class RingTransfer {
  /// What a receive that adds takes at most: small enough to be added while it is in the cache.
  private static let stagingBytes = 128 << 10

  private var dense = UnsafeMutableRawPointer(bitPattern: 16)!  // Replaced by begin() before any use.
  private var sending = RingCursor(RingSchedule(count: 0, worldSize: 1, rank: 0), .sending)
  private var receiving = RingCursor(RingSchedule(count: 0, worldSize: 1, rank: 0), .receiving)
  private var firstChunkBytes = 0
  private let staging = UnsafeMutableRawPointer.allocate(byteCount: stagingBytes, alignment: 64)
  /// Bytes in `staging` that do not make a whole value yet.
  private var stagedBytes = 0

  deinit { staging.deallocate() }

  func begin(_ dense: UnsafeMutableBufferPointer<Float>, worldSize: Int, rank: Int) {
    let schedule = RingSchedule(count: dense.count, worldSize: worldSize, rank: rank)
    if let base = dense.baseAddress { self.dense = UnsafeMutableRawPointer(base) }
    sending = RingCursor(schedule, .sending)
    receiving = RingCursor(schedule, .receiving)
    firstChunkBytes = schedule.chunk(rank).count * 4
    stagedBytes = 0
  }

  var hasSent: Bool { sending.isAtEnd }
  var hasReceived: Bool { receiving.isAtEnd }

  /// What may go out now; empty: wait for more to come in.
  var sendable: UnsafeRawBufferPointer {
    let next = sending.next
    let count = min(next.count, firstChunkBytes + receiving.total - sending.total)
    return UnsafeRawBufferPointer(start: dense + next.lowerBound, count: count)
  }

  func didSend(_ bytes: Int) { sending.advance(by: bytes) }

  /// Where to put what comes in.
  var receivable: UnsafeMutableRawBufferPointer {
    let next = receiving.next
    guard receiving.schedule.adds(inStage: receiving.stage) else {
      return UnsafeMutableRawBufferPointer(start: dense + next.lowerBound, count: next.count)
    }
    let count = min(next.count, Self.stagingBytes) - stagedBytes
    return UnsafeMutableRawBufferPointer(start: staging + stagedBytes, count: count)
  }

  func didReceive(_ bytes: Int) {
    guard receiving.schedule.adds(inStage: receiving.stage) else { return receiving.advance(by: bytes) }
    stagedBytes += bytes
    let values = stagedBytes / 4
    let target = (dense + receiving.next.lowerBound).assumingMemoryBound(to: Float.self)
    let arrived = staging.bindMemory(to: Float.self, capacity: values)
    for index in 0..<values { target[index] = arrived[index] + target[index] }
    let rest = stagedBytes - values * 4
    if rest > 0 { staging.copyMemory(from: staging + values * 4, byteCount: rest) }
    stagedBytes = rest
    receiving.advance(by: values * 4)
  }
}
