public import Vocabulary

/// How what a step's records say is added up.
public enum Summation: Sendable, Hashable {
  /// All rows of a rank in their order, then the ranks in theirs: the bits depend on who held what.
  case whole
  /// The rows of each partition in their order, then the partitions in the tree's: the same bits for any number of ranks.
  ///
  /// - Parameter stretch: The partitions that are this rank's.
  case byPartition(PartitionTree, stretch: Range<Int>)

  /// The nodes of the tree that this rank adds up; nil: it adds up all there is.
  public var nodes: [Range<Int>]? {
    if case .byPartition(let tree, let stretch) = self { tree.nodes(of: stretch) } else { nil }
  }
}

/// Which rows of a batch are of which partition. Partitions ascend, and their rows lie together, in that order.
public struct BatchParts: Sendable, Hashable {
  public struct Part: Sendable, Hashable {
    public let partition: Int
    /// Not empty.
    public let rows: Range<Int>
  }

  /// Of the partitions that have rows.
  public private(set) var parts: [Part] = []
  /// Rows of all parts.
  public var rowCount: Int { parts.last?.rows.upperBound ?? 0 }

  public init() {}

  /// Keeps its memory for the next batch.
  public mutating func removeAll() { parts.removeAll(keepingCapacity: true) }

  /// Becomes the same, in memory of its own.
  mutating func copy(_ other: BatchParts) {
    parts.removeAll(keepingCapacity: true)
    parts.append(contentsOf: other.parts)
  }

  /// The next `rows` rows are of a partition that comes behind all before it; none: it is left out.
  public mutating func append(partition: Int, rows: Int) {
    precondition(
      parts.last.map { $0.partition < partition } ?? (partition >= 0),
      "partition \(partition) behind \(parts.last?.partition ?? 0)")
    guard rows > 0 else { return }
    let first = rowCount
    parts.append(Part(partition: partition, rows: first..<(first + rows)))
  }
}
