/// Builds compact, deterministic bytes: the same values give the same bytes on every machine.
///
/// Whole numbers are LEB128 (seven bits a byte, least significant first); floating-point numbers are their IEEE bit
/// pattern, little-endian, so that every value, NaN included, comes back as it was.
public struct CompactWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  public mutating func write(byte: UInt8) { bytes.append(byte) }

  public mutating func write(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// A count; zero or more.
  public mutating func write(count: Int64) {
    precondition(count >= 0, "a count is zero or more, not \(count)")
    write(UInt64(count))
  }

  public mutating func write(_ value: Double) {
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  public mutating func write(_ value: Float) {
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// The length in UTF-8 bytes, then the bytes.
  public mutating func write(_ text: String) {
    write(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  /// The length, then each count.
  public mutating func write(counts: [Int64]) {
    write(UInt64(counts.count))
    for count in counts { write(count: count) }
  }
}
