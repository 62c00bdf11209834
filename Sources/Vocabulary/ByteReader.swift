/// Reads little-endian values out of bytes from a wire or a table, never past their end.
///
/// Non-owning: the bytes must outlive the reader.
public struct ByteReader {
  public let bytes: UnsafeRawBufferPointer
  public private(set) var position = 0

  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Bytes not read yet.
  public var remaining: Int { bytes.count - position }

  /// - Throws: `TruncatedBytes` when fewer bytes are left than a `Value` takes.
  public mutating func read<Value: BitwiseCopyable>(_ type: Value.Type = Value.self) throws(TruncatedBytes) -> Value {
    let size = MemoryLayout<Value>.size
    guard remaining >= size else { throw TruncatedBytes(wanted: size, left: remaining, position: position) }
    defer { position += size }
    return bytes.loadUnaligned(fromByteOffset: position, as: type)
  }

  /// The next `count` bytes, not copied.
  public mutating func read(bytes count: Int) throws(TruncatedBytes) -> UnsafeRawBufferPointer {
    guard count >= 0, remaining >= count else {
      throw TruncatedBytes(wanted: count, left: remaining, position: position)
    }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  /// Everything that is left, not copied.
  public mutating func readRest() -> UnsafeRawBufferPointer {
    defer { position = bytes.count }
    return UnsafeRawBufferPointer(rebasing: bytes[position...])
  }
}

/// Bytes ended before what they announce.
public struct TruncatedBytes: Error, Sendable, CustomStringConvertible {
  public let wanted: Int
  public let left: Int
  public let position: Int

  public init(wanted: Int, left: Int, position: Int) {
    self.wanted = wanted
    self.left = left
    self.position = position
  }

  public var description: String { "\(wanted) bytes wanted at \(position), \(left) left" }
}

extension Array where Element == UInt8 {
  /// Appends the bytes of `value` as they lie in memory: little-endian on every machine the house runs on.
  @inlinable
  public mutating func append<Value: BitwiseCopyable>(raw value: Value) {
    Swift.withUnsafeBytes(of: value) { append(contentsOf: $0) }
  }
}
