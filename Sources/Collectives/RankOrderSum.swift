/// Adds vectors element by element in the order given: ((x₀ + x₁) + x₂) + …
enum RankOrderSum {
  /// Values that are summed at a time, so that the partial sums stay in the first cache.
  private static let blockCount = 2048

  /// - Parameters:
  ///   - sources: Each [count]; `result` may be one of them.
  ///   - partial: Scratch of `blockCount` values at least.
  static func add(
    _ sources: [UnsafePointer<Float>], count: Int, into result: UnsafeMutablePointer<Float>,
    partial: UnsafeMutablePointer<Float>
  ) {
    switch sources.count {
    case 0: return
    case 1: if UnsafePointer(result) != sources[0] { result.update(from: sources[0], count: count) }
    case 2: sum(sources[0], sources[1], count, into: result)
    default:
      var start = 0
      while start < count {
        let length = min(blockCount, count - start)
        sum(sources[0] + start, sources[1] + start, length, into: partial)
        for source in sources[2..<(sources.count - 1)] { sum(partial, source + start, length, into: partial) }
        sum(partial, sources[sources.count - 1] + start, length, into: result + start)
        start += length
      }
    }
  }

  static func makePartial() -> UnsafeMutablePointer<Float> { .allocate(capacity: blockCount) }

  private static func sum(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ count: Int, into result: UnsafeMutablePointer<Float>
  ) {
    for index in 0..<count { result[index] = left[index] + right[index] }
  }
}
