/// What a broker that forgets (the one in memory) holds of a partition, and what the reader still needs of it.
public struct RetainedPartition: Sendable, Hashable {
  /// The first offset that is held.
  public let first: Int64
  public let end: Int64
  /// Where the reader would go on after a crash: at its newest checkpoint, behind where it reads.
  public let needed: Int64

  public init(first: Int64, end: Int64, needed: Int64) {
    self.first = first
    self.end = end
    self.needed = needed
  }

  /// What the broker in memory keeps of a partition; bytes.
  static let bytesKept: Int64 = 5 << 20

  /// Records that may be sent before any partition forgets what the reader needs, even if all go to one.
  ///
  /// What a partition can hold is what it does hold, once it has forgotten something; before that it is reckoned from the
  /// size of a record. A fifth is left free, for records larger than those before.
  public static func room(_ partitions: [RetainedPartition], recordBytes: Int64) -> Int64 {
    partitions.map { partition in
      let capacity = partition.first > 0 ? partition.end - partition.first : bytesKept / max(recordBytes + 16, 1)
      return capacity * 4 / 5 - (partition.end - max(partition.needed, partition.first))
    }.min().map { max($0, 0) } ?? 0
  }
}
