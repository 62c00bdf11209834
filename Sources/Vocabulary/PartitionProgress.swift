/// How far one partition has been learned, and what became of every record on the way.
///
/// The counts are cumulative from `startOffset`. For a whole lineage
/// `nextOffset − startOffset = trained + rejected + skipped` holds; the audit checks it link by link.
public struct PartitionProgress: Sendable, Hashable, Codable {
  public let partition: Int32
  /// The offset of the first record that the lineage could have read.
  public var startOffset: Int64
  /// The next record to read.
  public var nextOffset: Int64
  /// Records that changed the parameters.
  public var trained: Int64
  /// Records read and not learned, whatever the reason (an absent label included).
  public var rejected: Int64
  /// Offsets that hold no record: transaction markers and what compaction removed.
  public var skipped: Int64

  public init(
    partition: Int32, startOffset: Int64, nextOffset: Int64? = nil, trained: Int64 = 0, rejected: Int64 = 0,
    skipped: Int64 = 0
  ) {
    self.partition = partition
    self.startOffset = startOffset
    self.nextOffset = nextOffset ?? startOffset
    self.trained = trained
    self.rejected = rejected
    self.skipped = skipped
  }
}
