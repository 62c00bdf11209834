/// The one order in which what the partitions of a topic give is added up, whoever holds them: a binary tree over the
/// partitions 0 ..< P, whose node i of level l stands for partitions i · 2^l ..< (i + 1) · 2^l below P, and is the sum of its
/// two halves. A rank that holds a stretch of partitions adds up the largest nodes within it, and hands those over; how many
/// ranks there are decides who adds, never what is added to what.
///
/// What gives nothing is left out, as if it were +0: that can change the sign of a zero and nothing else, so whoever has the
/// last sum adds +0 to it.
public struct PartitionTree: Sendable, Hashable {
  /// Partitions of the topic.
  public let count: Int

  public init(count: Int) {
    precondition(count >= 0, "\(count) partitions")
    self.count = count
  }

  /// One addition: the sum in place `into` takes what is in place `from`.
  public struct Addition: Sendable, Hashable {
    public let into, from: Int

    public init(into: Int, from: Int) { (self.into, self.from) = (into, from) }
  }

  /// The fewest nodes that together are `stretch`, from left to right.
  public func nodes(of stretch: Range<Int>) -> [Range<Int>] {
    precondition(stretch.lowerBound >= 0 && stretch.upperBound <= count, "partitions \(stretch) of \(count)")
    var nodes: [Range<Int>] = []
    func visit(_ node: Range<Int>) {
      guard node.overlaps(stretch) else { return }
      if stretch.contains(node) { return nodes.append(node) }
      let (left, right) = halves(of: node)
      visit(left)
      visit(right)
    }
    if !stretch.isEmpty { visit(0..<count) }
    return nodes
  }

  /// How to add up what is held in places 0 ..< `held.count` so that each of `roots` ends in the place of the first that
  /// lies within it.
  ///
  /// - Parameters:
  ///   - held: Nodes, ascending; what is missing gives nothing.
  ///   - roots: Nodes, ascending, each of which holds of `held` what it overlaps.
  /// - Returns: The additions in order, and the place of each root; −1: nothing was held of it.
  public func additions(of held: [Range<Int>], to roots: [Range<Int>]) -> (additions: [Addition], places: [Int]) {
    var additions: [Addition] = []
    var next = 0
    func sum(_ node: Range<Int>) -> Int? {
      guard next < held.count, node.overlaps(held[next]) else { return nil }
      if held[next] == node {
        next += 1
        return next - 1
      }
      precondition(node.count > 1, "\(held[next]) is no node of \(count) partitions")
      let (left, right) = halves(of: node)
      let first = sum(left)
      let second = sum(right)
      guard let first, let second else { return first ?? second }
      additions.append(Addition(into: first, from: second))
      return first
    }
    let places = roots.map { sum($0) ?? -1 }
    precondition(next == held.count, "\(held) are not all within \(roots)")
    return (additions, places)
  }

  /// The left half is a whole power of two.
  private func halves(of node: Range<Int>) -> (left: Range<Int>, right: Range<Int>) {
    var half = 1
    while half * 2 < node.count { half *= 2 }
    let middle = node.lowerBound + half
    return (node.lowerBound..<middle, middle..<node.upperBound)
  }
}

extension Range<Int> {
  fileprivate func contains(_ other: Range<Int>) -> Bool {
    lowerBound <= other.lowerBound && other.upperBound <= upperBound
  }
}
