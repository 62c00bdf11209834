import Vocabulary

/// KSWIN: holds the newest values against a sample of those before them by the test of Kolmogorov and Smirnov, so that it
/// also sees what leaves the mean as it is.
///
/// Of a window of values the newest `recent` are compared with as many that are drawn from the older ones, anew with each
/// value; the statistic is the largest distance between their empirical distributions. The threshold is exact for samples
/// of this size, and on the safe side where values are equal. After a change the window is the recent values. The sample is
/// drawn from a seed that is part of the state.
///
/// Values: any numbers; only their order matters.
///
/// - Complexity: A walk over the window a value; three times its numbers of memory.
/// - Source: Raab, Heusinger & Schleif 2020, "Reactive soft prototype computing for concept drift streams"; the exact
///   distribution for samples of one size: Gnedenko & Korolyuk 1951; the drawing: Knuth, volume 2, 3.4.2, algorithm S.
public struct KolmogorovSmirnovWindow: ChangeDetector {
  public struct Settings: DetectorSettings {
    /// α, the probability that a stream that stays as it is passes the threshold with a value; 10⁻¹² … 0.5. Values follow
    /// each other with nearly the same window, so alarms come in bunches of which the first is told: measured, 14 in 10,000
    /// values of a continuous distribution, 1 with 10⁻⁴. Default: the authors' program, as the next two.
    public var alpha = 0.005
    /// Values in the window; twice `recent` to 10⁴.
    public var window = 100
    /// Values that are compared; 2 … 5,000. Errors of 0 and 1 need more, as 100: a distance below 0.47 is not seen with 30.
    public var recent = 30
    /// Of the drawing.
    public var seed: UInt64 = 1

    public init() {}

    public var problems: [String] {
      var problems: [String] = []
      if !(1e-12...0.5).contains(alpha) { problems.append("alpha must be 1e-12 … 0.5, not \(alpha)") }
      guard (2...5000).contains(recent) else { return problems + ["recent must be 2 … 5000, not \(recent)"] }
      if !(2 * recent...10_000).contains(window) {
        problems.append("window must be \(2 * recent), twice what is recent, … 10000, not \(window)")
      }
      if problems.isEmpty, smallestRareDifference(samplesOf: recent, alpha: alpha) == nil {
        problems.append("recent must be more than \(recent): no two samples of that size differ with alpha \(alpha)")
      }
      return problems
    }
  }

  public let settings: Settings
  private var intake = DetectorIntake()
  private var random: SplitMix64
  /// The newest values, up to `settings.window`, in a ring once there are as many.
  private var values: [Double] = []
  /// Their indexes.
  private var indexes: [Int64] = []
  /// The place of the oldest.
  private var oldest = 0
  /// The newest of them and the others, in ascending order each.
  private var recent = SortedValues()
  private var older = SortedValues()
  /// Room for the drawn values, in ascending order; empty between two calls.
  private var sample: [Double] = []
  /// The smallest difference of counts that is a change.
  private let threshold: Int

  public init(_ settings: Settings) {
    precondition(settings.problems.isEmpty, settings.problems.joined(separator: "; "))
    self.settings = settings
    random = SplitMix64(seed: settings.seed)
    threshold = smallestRareDifference(samplesOf: settings.recent, alpha: settings.alpha) ?? .max
  }

  public var count: Int64 { intake.count }
  public var ignored: Int64 { intake.ignored }
  /// Values in the window.
  public var width: Int { values.count }

  public mutating func add(_ value: Double) -> Change? {
    guard let value = intake.take(value) else { return nil }
    push(value)
    guard values.count == settings.window else { return nil }
    let difference = largestDifference()
    guard difference >= threshold else { return nil }
    let change = Change(
      noticed: intake.index, began: indexes[place(ofNewest: settings.recent)], meanBefore: older.mean,
      meanAfter: recent.mean, statistic: Double(difference) / Double(settings.recent),
      threshold: Double(threshold) / Double(settings.recent))
    keepRecent()
    return change
  }

  private func place(ofNewest back: Int) -> Int { (oldest + values.count - back) % values.count }

  private mutating func push(_ value: Double) {
    if values.count == settings.window {
      older.remove(values[oldest])
      values[oldest] = value
      indexes[oldest] = intake.index
      oldest = (oldest + 1) % values.count
    } else {
      values.append(value)
      indexes.append(intake.index)
    }
    recent.insert(value)
    guard values.count > settings.recent else { return }
    let ageing = values[place(ofNewest: settings.recent + 1)]
    recent.remove(ageing)
    older.insert(ageing)
  }

  private mutating func keepRecent() {
    let places = (0..<settings.recent).map { place(ofNewest: settings.recent - $0) }
    values = places.map { values[$0] }
    indexes = places.map { indexes[$0] }
    oldest = 0
    older = SortedValues()
  }

  /// Draws a sample of the older values and walks through it and the recent ones in ascending order: the largest
  /// difference of how many of either were met.
  private mutating func largestDifference() -> Int {
    let wanted = settings.recent
    let all = older.values.count
    for place in 0..<all where random.next(below: all - place) < wanted - sample.count {
      sample.append(older.values[place])
      if sample.count == wanted { break }
    }
    var largest = 0
    var drawn = 0
    var met = 0
    while drawn < wanted, met < wanted {
      let value = min(sample[drawn], recent.values[met])
      while drawn < wanted, sample[drawn] == value { drawn += 1 }
      while met < wanted, recent.values[met] == value { met += 1 }
      largest = max(largest, abs(drawn - met))
    }
    sample.removeAll(keepingCapacity: true)
    return largest
  }
}

/// The smallest k for which two samples of n values each, of one continuous distribution, differ by k or more of their
/// counts somewhere with a probability of alpha at most: P = 2·Σⱼ (−1)ʲ⁺¹·C(2n, n − j·k) / C(2n, n), j = 1, 2, …; nil: none.
///
/// - Source: Gnedenko & Korolyuk 1951.
private func smallestRareDifference(samplesOf n: Int, alpha: Double) -> Int? {
  // C(2n, n − m) / C(2n, n), m = 0 … n.
  var shares = [1.0]
  for m in 1...n { shares.append(shares[m - 1] * Double(n - m + 1) / Double(n + m)) }
  return (1...n).first { k in
    var probability = 0.0
    var sign = 2.0
    for m in stride(from: k, through: n, by: k) {
      probability += sign * shares[m]
      sign = -sign
    }
    return probability <= alpha
  }
}

extension SplitMix64 {
  /// Nearly uniform in 0 ..< bound, which is small against 2⁶⁴.
  fileprivate mutating func next(below bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }
}

/// Values in ascending order.
private struct SortedValues: Sendable, Hashable {
  private(set) var values: [Double] = []

  init(_ values: [Double] = []) { self.values = values.sorted() }

  /// Quotients are summed, for the sum of large ones may not be finite.
  var mean: Double { values.reduce(0) { $0 + $1 / Double(values.count) } }

  mutating func insert(_ value: Double) { values.insert(value, at: place(of: value)) }

  /// - Precondition: It is among them.
  mutating func remove(_ value: Double) { values.remove(at: place(of: value)) }

  /// The first place whose value is not below `value`.
  private func place(of value: Double) -> Int {
    var low = 0
    var high = values.count
    while low < high {
      let middle = (low + high) / 2
      if values[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension KolmogorovSmirnovWindow {
  private enum CodingKeys: String, CodingKey { case settings, intake, random, values, indexes, oldest }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(try container.settings(Settings.self, .settings))
    intake = try container.intake(.intake)
    random = try container.decode(SplitMix64.self, forKey: .random)
    values = try container.decode([Double].self, forKey: .values)
    try container.demand(
      values.count <= settings.window && Int64(values.count) <= intake.count - intake.ignored
        && values.allSatisfy(\.isDetectorValue), .values, "the window is none of the values that were counted")
    oldest = try container.decode(Int.self, forKey: .oldest)
    let last = values.count == settings.window ? settings.window - 1 : 0
    try container.demand((0...last).contains(oldest), .oldest, "the oldest value is none of the window")
    indexes = try container.decode([Int64].self, forKey: .indexes)
    try container.demand(indexes.count == values.count, .indexes, "each value has an index")
    let order = (0..<values.count).map { (oldest + $0) % values.count }
    let ascending = order.map { indexes[$0] }
    try container.demand(
      zip(ascending, ascending.dropFirst()).allSatisfy { $0 < $1 }
        && ascending.allSatisfy { (0..<intake.count).contains($0) }, .indexes, "the indexes are in no order")
    recent = SortedValues(order.suffix(settings.recent).map { values[$0] })
    older = SortedValues(order.dropLast(settings.recent).map { values[$0] })
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(settings, forKey: .settings)
    try container.encode(intake, forKey: .intake)
    try container.encode(random, forKey: .random)
    try container.encode(values, forKey: .values)
    try container.encode(indexes, forKey: .indexes)
    try container.encode(oldest, forKey: .oldest)
  }
}
