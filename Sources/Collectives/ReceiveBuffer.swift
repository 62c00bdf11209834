/// Memory for what comes in; it grows and is kept, so that later exchanges allocate nothing. One thread at a time.
struct ReceiveBuffer: ~Copyable {
  private(set) var pointer = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
  private(set) var capacity = 64

  /// Makes room for `bytes`; what was there is gone.
  mutating func reserve(_ bytes: Int) {
    guard bytes > capacity else { return }
    pointer.deallocate()
    capacity = bytes + bytes / 4
    pointer = .allocate(byteCount: capacity, alignment: 64)
  }

  /// The same without room for more: for sizes that stay.
  mutating func reserve(exactly bytes: Int) {
    guard bytes > capacity else { return }
    pointer.deallocate()
    capacity = bytes
    pointer = .allocate(byteCount: capacity, alignment: 64)
  }

  /// Gives memory above `bytes` back.
  mutating func trim(to bytes: Int) {
    guard capacity > bytes else { return }
    pointer.deallocate()
    capacity = max(bytes, 64)
    pointer = .allocate(byteCount: capacity, alignment: 64)
  }

  deinit { pointer.deallocate() }
}
