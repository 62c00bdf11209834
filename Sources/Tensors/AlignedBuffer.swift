import CKernels

/// Memory for numbers: zeroed, 64-byte aligned, fixed in size. One thread at a time.
public final class AlignedBuffer<Element: BitwiseCopyable> {
  /// The first element.
  public let pointer: UnsafeMutablePointer<Element>
  public let count: Int

  /// - Parameter count: Elements; 0 is allowed.
  public init(count: Int) {
    precondition(count >= 0)
    let needed = count * MemoryLayout<Element>.stride
    // Large pages from half of one on: a table's or a wide layer's rows lie on more small pages than the CPU can keep
    // in mind, and looking each up costs more than the row.
    let isLarge = needed >= Int(ck_large_page) / 2
    let alignment = isLarge ? Int(ck_large_page) : 64
    let bytes = max(64, (needed + alignment - 1) & ~(alignment - 1))
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: alignment)
    if isLarge { ck_prefer_large_pages(raw, bytes) }
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

  /// Becomes `other`, of as many elements.
  public func copy(_ other: AlignedBuffer) {
    precondition(count == other.count, "\(other.count) elements are none of \(count)")
    pointer.update(from: other.pointer, count: count)
  }

  public var byteCount: Int { count * MemoryLayout<Element>.stride }

  public subscript(index: Int) -> Element {
    get { pointer[index] }
    set { pointer[index] = newValue }
  }
}
