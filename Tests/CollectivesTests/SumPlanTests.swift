import Collectives
import Testing
import Vocabulary

@Suite("Sum plan")
struct SumPlanTests {
  private static let count = 5_003

  /// What each of 8 partitions gives: of all magnitudes.
  private static func given(_ partition: Int) -> [Float] { seededValues(count, rank: partition, seed: 11) }

  /// What one rank has added up of its stretch, by the same tree.
  private static func nodes(_ tree: PartitionTree, _ stretch: Range<Int>) -> [Float] {
    var leaves = stretch.map(given)
    let roots = tree.nodes(of: stretch)
    let (additions, places) = tree.additions(of: stretch.map { $0..<$0 + 1 }, to: roots)
    for addition in additions {
      for index in 0..<count { leaves[addition.into][index] += leaves[addition.from][index] }
    }
    return places.flatMap { leaves[$0] }
  }

  private static func stretches(_ partitions: Int, _ world: Int) -> [Range<Int>] {
    (0..<world).map { $0 * partitions / world..<($0 + 1) * partitions / world }
  }

  @Test("by partition every world ends with the bits of one rank that holds all, whatever each hands over")
  func sameBits() async throws {
    let tree = PartitionTree(count: 8)
    let alone = Self.nodes(tree, 0..<8)
    for size in [2, 3, 4, 5] {
      let plan = SumPlan.byPartition(tree, stretches: Self.stretches(8, size))
      // Also where so many values would go in parts.
      var limits = CollectiveLimits()
      limits.partsBytesMin = 4
      let results = try await World(size: size).run(limits: limits) { collective in
        var own = Self.nodes(tree, Self.stretches(8, size)[collective.rank.rawValue])
        var sum = [Float](repeating: .nan, count: Self.count)
        try own.withUnsafeMutableBufferPointer { own in
          try sum.withUnsafeMutableBufferPointer { sum in
            try collective.exchange(
              DenseValues(vectors: own, sum: sum, plan: plan),
              attachment: UnsafeRawBufferPointer(start: nil, count: 0), deadline: .after(.seconds(20))
            ) { _ in }
          }
        }
        return sum
      }
      for result in results { #expect(try result.get() == alone, "\(size) ranks") }
    }
    // Another order gives other bits: the test sees the difference.
    let plain = (1..<8).reduce(Self.given(0)) { sum, place in zip(sum, Self.given(place)).map { $0 + $1 } }
    #expect(plain != alone)
  }

  @Test(
    "ranks that hold nothing hand over nothing, and end with the sum of the others, directly and in parts",
    arguments: [4, 1 << 20])
  func spareRanks(partsBytesMin: Int) async throws {
    let plan = SumPlan.byRank(worldSize: 4, holders: 2)
    #expect(plan.counts == [1, 1, 0, 0])
    var limits = CollectiveLimits()
    limits.partsBytesMin = partsBytesMin
    let results = try await World(size: 4).run(limits: limits) { collective in
      let rank = collective.rank.rawValue
      var sum = (0..<100).map { rank < 2 ? Float($0 + rank) : .nan }
      try sum.withUnsafeMutableBufferPointer { sum in
        let own = rank < 2 ? sum : UnsafeMutableBufferPointer(start: nil, count: 0)
        try collective.exchange(
          DenseValues(vectors: own, sum: sum, plan: plan),
          attachment: UnsafeRawBufferPointer(start: nil, count: 0), deadline: .after(.seconds(20))
        ) { _ in }
      }
      return sum
    }
    for result in results { #expect(try result.get() == (0..<100).map { Float(2 * $0 + 1) }) }
  }

  @Test("where nobody holds anything the sum is zero")
  func nothing() {
    #expect(SumPlan.byRank(worldSize: 2, holders: 0).counts == [0, 0])
    #expect(SumPlan.byPartition(PartitionTree(count: 0), stretches: [0..<0, 0..<0]).counts == [0, 0])
  }
}
