import Synchronization

/// How times spread over buckets. Any thread may observe, and none ever waits: two additions, no lock and no memory.
public final class DurationHistogram: Sendable {
  /// In seconds, as they are shown.
  public let bounds: [Double]
  /// The same in nanoseconds.
  private let limits: [Int64]
  private let counts: [AtomicSum]
  private let total = AtomicSum()

  /// Ten microseconds to ten seconds.
  public static let fineBounds: [Double] = [
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
    2.5, 10,
  ]

  /// One of its own, which `MetricsRegistry.collect` may show; `MetricsRegistry.durations` gives one that always is.
  ///
  /// - Parameter bounds: Upper bounds of the buckets in seconds, ascending.
  public init(bounds: [Double]) {
    precondition(
      bounds.allSatisfy { $0 > 0 && $0 < 1e9 } && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 },
      "bucket bounds are seconds and ascend, \(bounds) do not")
    self.bounds = bounds
    limits = bounds.map { Int64(($0 * 1e9).rounded()) }
    counts = (0...bounds.count).map { _ in AtomicSum() }
  }

  public func observe(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    observe(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }

  /// - Parameter nanoseconds: What is below zero counts as nothing.
  public func observe(nanoseconds: Int64) {
    let value = max(0, nanoseconds)
    var low = 0
    var high = limits.count
    while low < high {
      let middle = (low + high) / 2
      if value <= limits[middle] { high = middle } else { low = middle + 1 }
    }
    counts[low].add(1)
    total.add(value)
  }

  /// Observations up to each bound, and then all.
  public var cumulativeCounts: [Int64] {
    var sum: Int64 = 0
    return counts.map {
      sum += $0.value
      return sum
    }
  }

  /// In seconds.
  public var sum: Double { Double(total.value) / 1e9 }
}

private final class AtomicSum: Sendable {
  private let sum = Atomic<Int64>(0)
  func add(_ amount: Int64) { sum.wrappingAdd(amount, ordering: .relaxed) }
  var value: Int64 { sum.load(ordering: .relaxed) }
}
