import Membership
import Testing
import Vocabulary

@Suite("Dealing partitions")
struct DealingTests {
  @Test("gives every partition to exactly one rank and shares that differ by one at most", arguments: 1...24)
  func everyWorld(worldSize: Int) {
    for partitionCount in 0...64 {
      let shares = (0..<worldSize).map {
        partitions(of: Rank($0), worldSize: worldSize, partitionCount: partitionCount)
      }
      #expect(shares.flatMap { Array($0) } == Array(0..<partitionCount))
      let sizes = shares.map(\.count)
      #expect(sizes == sizes.sorted(by: >) && (sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }
  }

  @Test("gives one rank everything, and nothing to ranks beyond the partitions")
  func edges() {
    #expect(partitions(of: Rank(0), worldSize: 1, partitionCount: 3) == 0..<3)
    #expect(partitions(of: Rank(1), worldSize: 2, partitionCount: 5) == 3..<5)
    #expect(partitions(of: Rank(3), worldSize: 4, partitionCount: 3).isEmpty)
  }
}
