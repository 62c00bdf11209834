/// Memory for numbers: zeroed, 64-byte aligned, fixed in size. One thread at a time.
public final class AlignedBuffer<Element: BitwiseCopyable> {
  /// The first element.
  public let pointer: UnsafeMutablePointer<Element>
  public let count: Int

  /// - Parameter count: Elements; 0 is allowed.
  public init(count: Int) {
    precondition(count >= 0)
    let bytes = max(64, (count * MemoryLayout<Element>.stride + 63) & ~63)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    pointer = raw.bindMemory(to: Element.self, capacity: max(count, 1))
    self.count = count
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }

  public var buffer: UnsafeMutableBufferPointer<Element> { UnsafeMutableBufferPointer(start: pointer, count: count) }

  /// All bytes zero again.
  public func clear() {
    UnsafeMutableRawPointer(pointer).initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  public var byteCount: Int { count * MemoryLayout<Element>.stride }

  public subscript(index: Int) -> Element {
    get { pointer[index] }
    set { pointer[index] = newValue }
  }
}
