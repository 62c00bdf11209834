import Vocabulary

/// ADWIN: keeps as long a window of the newest values as has one mean, and says when it had to be cut.
///
/// The window is tested at every place where it can be divided into an older and a newer side of n₀ and n₁ values: it is
/// cut where their means differ by more than
///
///     √(2·σ²·ln(2/δ′) / m) + ⅔·R·ln(2/δ′) / m,   1/m = 1/n₀ + 1/n₁,   δ′ = δ / ln n,
///
/// σ² and R being variance and range of the n values in the window. The paper has values in 0 … 1 and R = 1; with the range
/// of the window the unit of the values does not matter. Of several such places that with the largest ratio of the two is
/// where the change began, and all that is older is let go of at once, so that one change is told once.
///
/// Values: any numbers; of one in a million that is far outside, the range keeps the memory until the window is cut.
///
/// - Complexity: About M·log₂(n / M) divisions a value, as many buckets of memory: below 100 at a million values.
/// - Source: Bifet & Gavaldà 2007, "Learning from time-changing data with adaptive windowing", ADWIN2, theorem 3 and §4;
///   the window is an exponential histogram (Datar, Gionis, Indyk & Motwani 2002).
public struct Adwin: ChangeDetector {
  public struct Settings: DetectorSettings {
    /// δ, the probability that a window of one mean is cut with a value; 10⁻¹² … 0.5. Default: half of what MOA has, the
    /// authors' own program, for a test with each value and not each 32nd; so no more false alarms than it, and found
    /// earlier (`retrain-bench/Peers/drift.py`).
    public var delta = 0.001
    /// M, buckets of one size; 2 … 64. Default: the paper's experiments.
    public var bucketsPerSize = 5
    /// Values on either side of a cut; 1 … 10⁶. Default: MOA's.
    public var sideMin = 5
    /// Tests with each so manieth value; 1 … 10⁶. Default: the paper's; MOA has 32, to save time.
    public var every = 1

    public init() {}

    public var problems: [String] {
      var problems: [String] = []
      if !(1e-12...0.5).contains(delta) { problems.append("delta must be 1e-12 … 0.5, not \(delta)") }
      if !(2...64).contains(bucketsPerSize) { problems.append("bucketsPerSize must be 2 … 64, not \(bucketsPerSize)") }
      if !(1...1_000_000).contains(sideMin) { problems.append("sideMin must be 1 … 1000000, not \(sideMin)") }
      if !(1...1_000_000).contains(every) { problems.append("every must be 1 … 1000000, not \(every)") }
      return problems
    }
  }

  public let settings: Settings
  private var intake = DetectorIntake()
  private var window: ExponentialHistogram
  /// ln(2/δ′), of `confidenceOf` values.
  private var confidence = 0.0
  private var confidenceOf: Int64 = 0

  public init(_ settings: Settings) {
    precondition(settings.problems.isEmpty, settings.problems.joined(separator: "; "))
    self.settings = settings
    window = ExponentialHistogram(bucketsPerSize: settings.bucketsPerSize)
    update(of: 0)
  }

  public var count: Int64 { intake.count }
  public var ignored: Int64 { intake.ignored }
  /// Values in the window.
  public var width: Int64 { window.all.values }
  /// Of the values in the window; 0 where it is empty.
  public var mean: Double { window.all.mean }
  /// What the window takes of memory: buckets of about 50 bytes.
  public var buckets: Int { window.buckets.count }

  public mutating func add(_ value: Double) -> Change? {
    guard let value = intake.take(value) else { return nil }
    window.add(value, index: intake.index)
    update(of: window.all.values)
    guard (intake.count - intake.ignored) % Int64(settings.every) == 0 else { return nil }
    guard isDivided, let cut = bestCut() else { return nil }
    let change = Change(
      noticed: intake.index, began: window.buckets[cut.bucket].first, meanBefore: cut.meanBefore,
      meanAfter: cut.meanAfter, statistic: cut.difference, threshold: cut.threshold)
    window.removeFirst(cut.bucket)
    update(of: window.all.values)
    return change
  }

  /// ln ln n hardly moves, so n is cut to five binary digits, and the logarithms are taken as rarely as those change.
  private mutating func update(of values: Int64) {
    let shift = max(0, Int64.bitWidth - values.leadingZeroBitCount - 5)
    let rounded = max((values >> shift) << shift, 3)
    guard rounded != confidenceOf else { return }
    confidenceOf = rounded
    confidence = PortableMath.log(2 * PortableMath.log(Double(rounded)) / settings.delta)
  }

  /// Differences of means up to this may be rounding.
  private var smallestDifference: Double { max(window.all.minimum.magnitude, window.all.maximum.magnitude) * 0x1p-40 }

  /// Whether the means of any two sides differ too much.
  private var isDivided: Bool {
    let all = window.all
    let sideMin = Double(settings.sideMin)
    let values = Double(all.values)
    guard values >= 2 * sideMin, all.maximum > all.minimum else { return false }
    // The threshold's two terms without 1/(n₀·n₁).
    let spread = 2 * (all.squares / values) * confidence * values
    let range = 2.0 / 3 * (all.maximum - all.minimum) * confidence * values
    let smallest = smallestDifference
    let total = all.mean * values
    var newer = 0.0
    var newerTotal = 0.0
    for bucket in window.buckets.reversed() {
      newer += bucket.size
      newerTotal += bucket.mean * bucket.size
      let older = values - newer
      if newer < sideMin { continue }
      if older < sideMin { break }
      let shared = 1 / (newer * older)
      let difference = ((total - newerTotal) * newer - newerTotal * older).magnitude * shared
      let beyond = difference - range * shared
      if beyond > 0, beyond * beyond > spread * shared, difference > smallest { return true }
    }
    return false
  }

  private struct Cut {
    /// The oldest of the newer side.
    var bucket: Int
    var meanBefore: Double
    var meanAfter: Double
    var difference: Double
    var threshold: Double
  }

  /// The place where the difference is the most times its threshold.
  private func bestCut() -> Cut? {
    let all = window.all
    let values = Double(all.values)
    var best: Cut?
    var newer = 0.0
    var newerTotal = 0.0
    for (place, bucket) in window.buckets.enumerated().reversed() {
      newer += bucket.size
      newerTotal += bucket.mean * bucket.size
      let older = values - newer
      guard newer >= Double(settings.sideMin), older >= Double(settings.sideMin) else { continue }
      let share = 1 / newer + 1 / older
      let threshold =
        (2 * (all.squares / values) * confidence * share).squareRoot()
        + 2.0 / 3 * (all.maximum - all.minimum) * confidence * share
      let after = newerTotal / newer
      let before = (all.mean * values - newerTotal) / older
      let difference = (before - after).magnitude
      if difference > smallestDifference, difference * (best?.threshold ?? 1) > (best?.difference ?? 0) * threshold {
        best = Cut(
          bucket: place, meanBefore: before, meanAfter: after, difference: difference, threshold: threshold)
      }
    }
    return best
  }
}

extension Adwin {
  private enum CodingKeys: String, CodingKey { case settings, intake, window }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    settings = try container.settings(Settings.self, .settings)
    intake = try container.intake(.intake)
    window = try container.decode(ExponentialHistogram.self, forKey: .window)
    let isPossible =
      window.bucketsPerSize == settings.bucketsPerSize && window.all.values <= intake.count - intake.ignored
      && window.buckets.last.map { $0.first < intake.count } ?? true
    try container.demand(isPossible, .window, "the window is none of the values that were counted")
    update(of: window.all.values)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(settings, forKey: .settings)
    try container.encode(intake, forKey: .intake)
    try container.encode(window, forKey: .window)
  }
}
