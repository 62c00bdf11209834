public import Vocabulary

/// The partitions of one rank: a stretch, the first ranks one more than the last where they do not divide. Each partition has
/// exactly one rank.
///
/// - Returns: Empty where there are more ranks than partitions.
public func partitions(of rank: Rank, worldSize: Int, partitionCount: Int) -> Range<Int> {
  precondition(rank.rawValue < worldSize, "rank \(rank) has no place in a world of \(worldSize)")
  let (each, more) = partitionCount.quotientAndRemainder(dividingBy: worldSize)
  let first = rank.rawValue * each + min(rank.rawValue, more)
  return first..<(first + each + (rank.rawValue < more ? 1 : 0))
}
