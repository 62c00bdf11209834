package import Glibc

/// Up to six pieces of memory for one call of the system, in order. One thread at a time.
package struct PieceList: ~Copyable {
  private static let capacity = 6

  package let pointer = UnsafeMutablePointer<iovec>.allocate(capacity: capacity)
  package private(set) var count = 0
  /// Of all pieces together.
  package private(set) var bytes = 0

  package init() {}

  deinit { pointer.deallocate() }

  package mutating func clear() { (count, bytes) = (0, 0) }

  mutating func add(_ start: UnsafeMutableRawPointer, _ length: Int) {
    guard length > 0 else { return }
    precondition(count < Self.capacity, "more than \(Self.capacity) pieces")
    pointer[count] = iovec(iov_base: start, iov_len: length)
    count += 1
    bytes += length
  }
}
