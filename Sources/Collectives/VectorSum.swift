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
        add(vectors[addition.from] + start, to: vectors[addition.into] + start, length)
      }
      // The last one has the root's place, and goes where it is wanted.
      add(vectors[last.into] + start, vectors[last.from] + start, length, into: result + start)
      start += length
    }
  }

  /// sum += vector.
  static func add(_ vector: UnsafeMutablePointer<Float>, to sum: UnsafeMutablePointer<Float>, _ count: Int) {
    for index in 0..<count { sum[index] += vector[index] }
  }

  /// result = left + right, which may be one of them: then nobody else looks at it, and in which order two numbers are added
  /// makes no difference.
  static func add(
    _ left: UnsafeMutablePointer<Float>, _ right: UnsafeMutablePointer<Float>, _ count: Int,
    into result: UnsafeMutablePointer<Float>
  ) {
    if result == left {
      add(right, to: left, count)
    } else if result == right {
      add(left, to: right, count)
    } else {
      for index in 0..<count { result[index] = left[index] + right[index] }
    }
  }
}
