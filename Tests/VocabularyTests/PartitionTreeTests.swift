import Testing
import Vocabulary

@Suite("Partition tree")
struct PartitionTreeTests {
  /// What each place holds, as a formula, after the additions.
  private func formula(_ tree: PartitionTree, _ held: [Range<Int>], _ names: [String]) -> String {
    let (additions, places) = tree.additions(of: held, to: [0..<tree.count])
    var sums = names
    for addition in additions { sums[addition.into] = "(\(sums[addition.into])+\(sums[addition.from]))" }
    return places[0] < 0 ? "" : sums[places[0]]
  }

  /// What ranks that hold the stretches between `cuts` add up, each its own, then all together.
  private func formula(_ tree: PartitionTree, cuts: [Int], present: (Int) -> Bool = { _ in true }) -> String {
    var (nodes, names): ([Range<Int>], [String]) = ([], [])
    let bounds = [0] + cuts + [tree.count]
    for (start, end) in zip(bounds, bounds.dropFirst()) {
      let own = (start..<end).filter(present)
      let roots = tree.nodes(of: start..<end)
      let (additions, places) = tree.additions(of: own.map { $0..<$0 + 1 }, to: roots)
      var sums = own.map(String.init)
      for addition in additions { sums[addition.into] = "(\(sums[addition.into])+\(sums[addition.from]))" }
      for (root, place) in zip(roots, places) where place >= 0 {
        nodes.append(root)
        names.append(sums[place])
      }
    }
    return formula(tree, nodes, names)
  }

  @Test("pairs, then pairs of pairs; what is left over comes last")
  func shape() {
    #expect(formula(PartitionTree(count: 1), cuts: []) == "0")
    #expect(formula(PartitionTree(count: 3), cuts: []) == "((0+1)+2)")
    #expect(formula(PartitionTree(count: 4), cuts: []) == "((0+1)+(2+3))")
    #expect(formula(PartitionTree(count: 7), cuts: []) == "(((0+1)+(2+3))+((4+5)+6))")
  }

  @Test("whoever holds what, and whatever gives nothing: the sum is the same")
  func anyDealing() {
    for count in 1...9 {
      let tree = PartitionTree(count: count)
      for absent in 0..<(1 << count) {
        let whole = formula(tree, cuts: []) { absent >> $0 & 1 == 0 }
        for first in 0...count {
          for second in first...count {
            #expect(formula(tree, cuts: [first, second]) { absent >> $0 & 1 == 0 } == whole)
          }
        }
      }
    }
  }

  @Test("a stretch that begins and ends at powers of two is one node, any other a few")
  func nodes() {
    let tree = PartitionTree(count: 64)
    #expect(tree.nodes(of: 0..<32) == [0..<32])
    #expect(tree.nodes(of: 16..<24) == [16..<24])
    #expect(tree.nodes(of: 0..<22) == [0..<16, 16..<20, 20..<22])
    #expect(tree.nodes(of: 5..<5).isEmpty)
    #expect(PartitionTree(count: 0).nodes(of: 0..<0).isEmpty)
    #expect((0..<64).flatMap { start in (start...64).map { tree.nodes(of: start..<$0).count } }.max()! <= 10)
  }
}
