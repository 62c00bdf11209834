/// Bytes between a TLS session and whoever moves them: filled at the end, emptied from the front. One thread at a time.
struct TLSBuffer: ~Copyable {
  private let base: UnsafeMutableRawPointer
  private let capacity: Int
  private var start = 0
  private var end = 0

  init(capacity: Int) {
    base = .allocate(byteCount: capacity, alignment: 64)
    self.capacity = capacity
  }

  deinit { base.deallocate() }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + start, count: end - start) }

  /// Behind the last byte; all of it once everything was taken.
  var room: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end) }

  mutating func didFill(_ count: Int) {
    precondition(count <= capacity - end, "\(count) bytes in a room of \(capacity - end)")
    end += count
  }

  mutating func didTake(_ count: Int) {
    precondition(count <= end - start, "\(count) of \(end - start) bytes")
    start += count
    if start == end { (start, end) = (0, 0) }
  }
}
