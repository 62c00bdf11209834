/// Reads what `CompactWriter` wrote. Trusts nothing: every length is held against what is left and against a bound.
///
/// The bytes must outlive the reader: it lives inside the closure that gave the pointer.
public struct CompactReader {
  private let bytes: UnsafeRawBufferPointer
  private var place = 0

  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Bytes not read yet.
  public var remaining: Int { bytes.count - place }

  public mutating func readByte() throws(DamagedBytes) -> UInt8 {
    guard remaining >= 1 else { throw damage("ends too early") }
    defer { place += 1 }
    return bytes[place]
  }

  public mutating func readUInt64() throws(DamagedBytes) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try readByte()
      guard shift < 63 || byte <= 1 else { throw damage("holds a number beyond 64 bits") }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
  }

  /// A count in 0 … `max`. The default leaves room to add up thousands of such counts without overflow.
  public mutating func readCount(max: Int64 = 1 << 52) throws(DamagedBytes) -> Int64 {
    let value = try readUInt64()
    guard value <= UInt64(max) else { throw damage("holds the count \(value), more than \(max)") }
    return Int64(value)
  }

  public mutating func readDouble() throws(DamagedBytes) -> Double {
    guard remaining >= 8 else { throw damage("ends too early") }
    defer { place += 8 }
    return Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
  }

  public mutating func readFloat() throws(DamagedBytes) -> Float {
    guard remaining >= 4 else { throw damage("ends too early") }
    defer { place += 4 }
    return Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
  }

  public mutating func readString(bytesMax: Int) throws(DamagedBytes) -> String {
    let length = Int(try readCount(max: Int64(bytesMax)))
    guard length <= remaining else { throw damage("ends too early") }
    defer { place += length }
    return String(decoding: bytes[place..<place + length], as: UTF8.self)
  }

  public mutating func readCounts(elementsMax: Int) throws(DamagedBytes) -> [Int64] {
    let length = Int(try readCount(max: Int64(elementsMax)))
    // A count takes at least a byte, so no length makes us reserve more than what is there.
    guard length <= remaining else { throw damage("ends too early") }
    var counts: [Int64] = []
    counts.reserveCapacity(length)
    for _ in 0..<length { counts.append(try readCount()) }
    return counts
  }

  /// Throws unless everything has been read.
  public func finish() throws(DamagedBytes) {
    guard remaining == 0 else { throw damage("has \(remaining) bytes too many") }
  }

  /// The complaint about the place in hand.
  public func damage(_ what: String) -> DamagedBytes { DamagedBytes(offset: place, reason: what) }
}

/// Bytes that are not what they should be: truncated, altered, or from another format.
public struct DamagedBytes: Error, Sendable, Hashable, CustomStringConvertible {
  /// How far reading came.
  public let offset: Int
  public let reason: String

  public init(offset: Int, reason: String) {
    self.offset = offset
    self.reason = reason
  }

  public var description: String { "the encoded value \(reason) (at byte \(offset))" }
}
