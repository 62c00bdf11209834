public import Vocabulary

/// Which rank hands over how many vectors in an exchange, and in which order all of them are added up. Every rank makes the
/// same plan of the same group.
public struct SumPlan: Sendable, Hashable {
  /// Vectors that each rank hands over.
  public let counts: [Int]
  /// In order; a vector's place is counted over all ranks, by rank.
  let additions: [PartitionTree.Addition]
  /// Where the sum is then; nil: nobody hands over anything.
  let root: Int?
  /// One vector a rank at most, added from left to right: each rank may add up a part.
  let isByRank: Bool

  /// Each of the first `holders` ranks hands over one vector, and they are added from left to right; ranks beyond hold no
  /// partitions, so they have nothing to add.
  public static func byRank(worldSize: Int, holders: Int) -> SumPlan {
    let holders = min(worldSize, holders)
    return SumPlan(
      counts: (0..<worldSize).map { $0 < holders ? 1 : 0 },
      additions: holders > 1 ? (1..<holders).map { PartitionTree.Addition(into: 0, from: $0) } : [],
      root: holders > 0 ? 0 : nil, isByRank: true)
  }

  /// Each rank hands over the nodes of the partitions that it holds, and the tree says the rest: the same bits whatever the
  /// number of ranks.
  ///
  /// - Parameter stretches: What each rank holds, ascending.
  public static func byPartition(_ tree: PartitionTree, stretches: [Range<Int>]) -> SumPlan {
    let nodes = stretches.map { tree.nodes(of: $0) }
    let (additions, places) = tree.additions(of: nodes.flatMap { $0 }, to: tree.count > 0 ? [0..<tree.count] : [])
    return SumPlan(
      counts: nodes.map(\.count), additions: additions, root: places.first.flatMap { $0 < 0 ? nil : $0 },
      isByRank: false)
  }
}

/// The dense values of an exchange.
public struct DenseValues {
  /// Shape [vectors of this rank × P], one behind the other; changed by the exchange. Of a plan by rank, none or the sum's own.
  public let vectors: UnsafeMutableBufferPointer<Float>
  /// Shape [P], takes the sum; by partition it may be the first of `vectors`.
  public let sum: UnsafeMutableBufferPointer<Float>
  public let plan: SumPlan
  /// Values go out as bfloat16, and what that takes from them is kept here; nil: they go as they are. The same on every rank.
  /// Of plans by rank only.
  public let compression: GradientCompression?
  /// Stretches of the values, in the order in which they become final: all values, each once. The same on every rank.
  public let order: [Range<Int>]

  /// - Parameter order: Empty: all values become final at once.
  public init(
    vectors: UnsafeMutableBufferPointer<Float>, sum: UnsafeMutableBufferPointer<Float>, plan: SumPlan,
    compression: GradientCompression? = nil, order: [Range<Int>] = []
  ) {
    precondition(compression == nil || plan.isByRank, "values of a plan by partition go as they are")
    precondition(
      !plan.isByRank || vectors.isEmpty || vectors.baseAddress == sum.baseAddress,
      "values of a plan by rank are added up in place")
    (self.vectors, self.sum, self.plan, self.compression, self.order) = (vectors, sum, plan, compression, order)
  }
}
