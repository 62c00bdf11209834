package import Collectives
package import Learning
import Membership
package import Vocabulary

/// How a group adds up what its ranks' records say: by rank, or by partition, where it must not matter who held which.
package struct GroupSum: Sendable {
  package let plan: SumPlan
  private let tree: PartitionTree?
  private let stretches: [Range<Int>]

  /// - Parameter partitionCount: Of the topic.
  package init(isReproducible: Bool, worldSize: Int, partitionCount: Int) {
    let stretches = (0..<worldSize).map {
      partitions(of: Rank($0), worldSize: worldSize, partitionCount: partitionCount)
    }
    let tree = isReproducible ? PartitionTree(count: partitionCount) : nil
    (self.stretches, self.tree) = (stretches, tree)
    plan =
      tree.map { .byPartition($0, stretches: stretches) } ?? .byRank(worldSize: worldSize, holders: partitionCount)
  }

  /// What a rank's learner has to know of it.
  package func summation(of rank: Rank) -> Summation {
    tree.map { .byPartition($0, stretch: stretches[rank.rawValue]) } ?? .whole
  }
}
