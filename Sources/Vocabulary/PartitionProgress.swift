/// How far one partition has been learned, and what became of every record on the way.
///
/// The counts are cumulative over the lineage. `covered = trained + rejected + skipped + lost` holds; the audit checks it
/// link by link.
public struct PartitionProgress: Sendable, Hashable, Codable {
  public let partition: Int32
  /// The offset of the first record that the lineage could have read in this stream.
  public var startOffset: Int64
  /// The next record to read.
  public var nextOffset: Int64
  /// Records that changed the parameters.
  public var trained: Int64
  /// Records read and not learned, whatever the reason (an absent label included).
  public var rejected: Int64
  /// Offsets that hold no record: transaction markers and what compaction removed.
  public var skipped: Int64
  /// Offsets that the broker removed before they were read, as retention does.
  public var lost: Int64
  /// Which topic of this name the offsets belong to: one more each time that the topic was made anew.
  public var stream: Int
  /// Offsets passed in the streams before this one.
  public var earlier: Int64

  public init(
    partition: Int32, startOffset: Int64, nextOffset: Int64? = nil, trained: Int64 = 0, rejected: Int64 = 0,
    skipped: Int64 = 0, lost: Int64 = 0, stream: Int = 0, earlier: Int64 = 0
  ) {
    self.partition = partition
    self.startOffset = startOffset
    self.nextOffset = nextOffset ?? startOffset
    self.trained = trained
    self.rejected = rejected
    self.skipped = skipped
    self.lost = lost
    self.stream = stream
    self.earlier = earlier
  }

  /// Offsets passed over the whole lineage.
  public var covered: Int64 { earlier + nextOffset - startOffset }

  /// Goes on in another topic of the same name; the counts stay.
  public mutating func enter(stream: Int, at start: Int64) {
    earlier = covered
    self.stream = stream
    startOffset = start
    nextOffset = start
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      partition: container.decode(Int32.self, forKey: .partition),
      startOffset: container.decode(Int64.self, forKey: .startOffset),
      nextOffset: container.decode(Int64.self, forKey: .nextOffset),
      trained: container.decode(Int64.self, forKey: .trained),
      rejected: container.decode(Int64.self, forKey: .rejected),
      skipped: container.decode(Int64.self, forKey: .skipped),
      // Not known to older programs.
      lost: container.decodeIfPresent(Int64.self, forKey: .lost) ?? 0,
      stream: container.decodeIfPresent(Int.self, forKey: .stream) ?? 0,
      earlier: container.decodeIfPresent(Int64.self, forKey: .earlier) ?? 0)
  }
}
