import Testing
import Vocabulary

@Suite("Sums in a partition tree, as partitions come")
struct RunningTreeTests {
  @Test("are the tree's for any partitions that are there, in few places")
  func sums() {
    for count in 1...11 {
      let tree = PartitionTree(count: count)
      for present in 1..<(1 << count) {
        let held = (0..<count).filter { present >> $0 & 1 == 1 }
        let (additions, places) = tree.additions(of: held.map { $0..<($0 + 1) }, to: [0..<count])
        var expected = held.map(String.init)
        for addition in additions {
          expected[addition.into] = "(\(expected[addition.into])+\(expected[addition.from]))"
        }
        var running = PartitionTree.Running()
        var sums: [String] = []
        for (index, partition) in held.enumerated() {
          #expect(running.place() == sums.count)
          sums.append("\(partition)")
          #expect(sums.count <= PartitionTree.places(of: count))
          let next = index + 1 < held.count ? held[index + 1] : nil
          for _ in 0..<running.additions(of: partition, before: next) {
            let last = sums.removeLast()
            sums[sums.count - 1] = "(\(sums[sums.count - 1])+\(last))"
          }
        }
        #expect(sums == [expected[places[0]]])
      }
    }
  }

  @Test("need one place more where there are twice as many")
  func places() {
    #expect([0, 1, 2, 3, 4, 5, 8, 9, 64].map { PartitionTree.places(of: $0) } == [0, 1, 2, 3, 3, 4, 4, 5, 7])
  }
}
