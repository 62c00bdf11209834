import Glibc

/// The body of one request in the making. Used by one polling thread at a time.
final class RequestState {
  let method: HTTPMethod
  private(set) var isTooLarge = false
  private(set) var count = 0
  /// Whether an answer was queued already.
  var isAnswered = false
  private var pointer: UnsafeMutableRawPointer?
  private var capacity = 0
  private let bytesMax: Int

  init(method: HTTPMethod, bytesMax: Int) {
    self.method = method
    self.bytesMax = bytesMax
  }

  deinit { free(pointer) }

  /// Makes room at once for a body whose size was announced.
  ///
  /// - Returns: false: more than is allowed.
  func announce(_ bytes: Int) -> Bool {
    guard bytes <= bytesMax else { return false }
    grow(to: bytes)
    return true
  }

  func append(_ bytes: UnsafeRawBufferPointer) {
    guard !isTooLarge, count + bytes.count <= bytesMax else {
      isTooLarge = true
      return
    }
    grow(to: count + bytes.count)
    if let pointer, let base = bytes.baseAddress { (pointer + count).copyMemory(from: base, byteCount: bytes.count) }
    count += bytes.count
  }

  var body: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointer, count: count) }

  private func grow(to bytes: Int) {
    guard bytes + HTTPRequest.bodyPaddingBytes > capacity else { return }
    capacity = max(bytes + HTTPRequest.bodyPaddingBytes, min(2 * capacity, bytesMax + HTTPRequest.bodyPaddingBytes))
    pointer = realloc(pointer, capacity)
    precondition(pointer != nil, "no memory for a body of \(bytes) bytes")
  }
}
