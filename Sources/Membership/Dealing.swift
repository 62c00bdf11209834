public import Vocabulary

/// The partitions of one rank: p belongs to rank p mod worldSize. Each partition has exactly one rank, and shares
/// differ by one at most.
///
/// - Returns: In ascending order; empty where there are more ranks than partitions.
public func partitions(of rank: Rank, worldSize: Int, partitionCount: Int) -> [Int32] {
  precondition(rank.rawValue < worldSize, "rank \(rank) has no place in a world of \(worldSize)")
  return stride(from: rank.rawValue, to: partitionCount, by: worldSize).map { Int32($0) }
}
