import Vocabulary

/// Adds vectors up as a plan says, a block of values at a time, so that what is added is still in the first cache.
enum VectorSum {
  private static let blockCount = 2048

  /// - Parameters:
  ///   - vectors: By place, each of `count` values; they are changed, but for a plan of one addition or none.
  ///   - result: Shape [count]; may be one of them.
  static func add(
    _ vectors: [UnsafeMutablePointer<Float>], _ plan: SumPlan, count: Int, into result: UnsafeMutablePointer<Float>
  ) {
    guard let root = plan.root else { return result.update(repeating: 0, count: count) }
    guard let last = plan.additions.last else {
      if result != vectors[root] { result.update(from: vectors[root], count: count) }
      return
    }
    var start = 0
    while start < count {
      let length = min(blockCount, count - start)
      for addition in plan.additions.dropLast() {
        let into = vectors[addition.into] + start
        sum(into, vectors[addition.from] + start, length, into: into)
      }
      // The last one has the root's place, and goes where it is wanted.
      sum(vectors[last.into] + start, vectors[last.from] + start, length, into: result + start)
      start += length
    }
  }

  private static func sum(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ count: Int, into result: UnsafeMutablePointer<Float>
  ) {
    for index in 0..<count { result[index] = left[index] + right[index] }
  }
}
