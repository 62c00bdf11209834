import Synchronization
import Vocabulary

/// A sum that only grows. Any thread may add.
public final class Counter: Sendable {
  // Two parts, so that counting whole things is one wait-free addition.
  private let whole = Atomic<Int64>(0)
  private let fractions = AtomicDouble()

  public func increment(by amount: some BinaryInteger) {
    precondition(amount >= 0, "a counter never falls, but \(amount) was added")
    whole.wrappingAdd(Int64(amount), ordering: .relaxed)
  }

  public func increment() { whole.wrappingAdd(1, ordering: .relaxed) }

  /// Adds a fraction, as in seconds.
  public func add(_ amount: Double) {
    precondition(amount >= 0, "a counter never falls, but \(amount) was added")
    fractions.add(amount)
  }

  public func add(_ duration: Duration) { add(duration.seconds) }

  public var value: Double { Double(whole.load(ordering: .relaxed)) + fractions.value }
}

/// A value that goes up and down. Any thread may set it.
public final class Gauge: Sendable {
  private let current = AtomicDouble()

  /// One that no registry shows: a value that threads share.
  public static func unregistered() -> Gauge { Gauge() }

  public func set(_ value: Double) { current.set(value) }
  public func set(_ value: some BinaryInteger) { current.set(Double(value)) }
  public func add(_ amount: Double) { current.add(amount) }
  public var value: Double { current.value }
}

/// How observations spread over buckets. Any thread may observe.
public final class Histogram: Sendable {
  /// Upper bounds of the buckets, ascending and finite; what lies above the last is in one more.
  public let bounds: [Double]
  private let counts: [AtomicCount]
  private let observedSum = AtomicDouble()

  /// Half a millisecond to ten seconds.
  public static let secondsBounds: [Double] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]

  init(bounds: [Double]) {
    precondition(
      bounds.allSatisfy(\.isFinite) && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 },
      "bucket bounds are finite and ascend, \(bounds) do not")
    self.bounds = bounds
    counts = (0...bounds.count).map { _ in AtomicCount() }
  }

  /// A NaN counts as beyond all bounds.
  public func observe(_ value: Double) {
    // The first bound that is not below the value, by bisection.
    var low = 0
    var high = bounds.count
    while low < high {
      let middle = (low + high) / 2
      if value <= bounds[middle] { high = middle } else { low = middle + 1 }
    }
    counts[low].increment()
    observedSum.add(value)
  }

  public func observe(_ duration: Duration) { observe(duration.seconds) }

  /// Observations up to each bound, and then all.
  public var cumulativeCounts: [Int64] {
    var total: Int64 = 0
    return counts.map {
      total += $0.value
      return total
    }
  }

  public var sum: Double { observedSum.value }
}

private final class AtomicCount: Sendable {
  private let count = Atomic<Int64>(0)
  func increment() { count.wrappingAdd(1, ordering: .relaxed) }
  var value: Int64 { count.load(ordering: .relaxed) }
}

private final class AtomicDouble: Sendable {
  private let bits = Atomic<UInt64>(0)

  func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  func add(_ amount: Double) {
    var old = bits.load(ordering: .relaxed)
    while true {
      let new = (Double(bitPattern: old) + amount).bitPattern
      let (isExchanged, original) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
      if isExchanged { return }
      old = original
    }
  }

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}
