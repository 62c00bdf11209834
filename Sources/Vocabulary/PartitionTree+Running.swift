extension PartitionTree {
  /// The additions within one node as its partitions come, ascending: of all that has come a few sums are held, in places
  /// 0, 1, 2 …, the first at the bottom. What has come last is on top, and is added to what lies below it as soon as the
  /// next one tells that both belong together. The same additions as `additions(of:to:)` gives, without a list of them.
  public struct Running: Sendable {
    /// By place: how large the least node is that holds its sum's last partition and the next place's first.
    private var levels = InlineArray<64, Int>(repeating: 0)
    private var top = -1

    public init() {}

    /// Where the next partition's values go.
    public mutating func place() -> Int {
      top += 1
      return top
    }

    /// How many times what is on top is to be added to what lies below it, now that `partition` has come, and `next` comes
    /// next; nil: it was the last one.
    public mutating func additions(of partition: Int, before next: Int?) -> Int {
      let level = next.map { PartitionTree.level($0, partition) } ?? .max
      let before = top
      while top > 0 && levels[top - 1] < level { top -= 1 }
      levels[top] = level
      return before - top
    }
  }

  /// More places than these are never held at a time within a node of so many partitions.
  public static func places(of partitions: Int) -> Int {
    partitions > 1 ? Int.bitWidth - (partitions - 1).leadingZeroBitCount + 1 : partitions
  }

  /// The least node that holds both of two partitions is on this level.
  private static func level(_ one: Int, _ other: Int) -> Int { Int.bitWidth - (one ^ other).leadingZeroBitCount }
}
