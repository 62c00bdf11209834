/// Partition and offset in one word: what names a record on every rank and after every restart.
public struct RecordKey: Sendable, Hashable {
  /// The partition in the high 16 bits, the offset below.
  public let word: UInt64

  private static let offsetBits = 48

  public init(_ word: UInt64) { self.word = word }

  public init(partition: Int32, offset: Int64) {
    word = UInt64(UInt32(bitPattern: partition)) << Self.offsetBits ^ UInt64(bitPattern: offset)
  }

  /// Of partitions below 65,536.
  public var partition: Int32 { Int32(truncatingIfNeeded: word >> Self.offsetBits) }
  /// Of offsets below 2^48, some 280 million million.
  public var offset: Int64 { Int64(word & (1 << Self.offsetBits - 1)) }
}
