/// The test of Page and Hinkley: sums how far values lie above (or below) their mean so far, and alarms when the sum rises
/// by more than chance would.
///
/// Each value's distance to the mean of the values before it is counted in their standard deviation, so that settings need
/// not know the unit, less a tolerance; the sum since its lowest point is the statistic, one for each direction. The
/// lowest point is where the change began. As in a self-starting sum (Hawkins 1987), the mean is that of the values
/// *before*, and the distance is shrunk by √(n / (n + 1)) for what the mean of n values does not know: so the rate of false
/// alarms is the same from the first comparison on. No value counts for more than a third of the threshold, and none moves
/// mean and deviation by more than that: one outlier is no change, and blinds nobody afterwards.
///
/// Values: any numbers. The mean is that of all values since the last change: a slow drift is found too, once it adds up.
///
/// - Complexity: A division and a square root a value; a dozen numbers of memory.
/// - Source: Page 1954, "Continuous inspection schemes"; Mouss et al. 2004, "Test of Page–Hinckley, an approach for fault
///   detection in an agro-alimentary production system"; Hawkins 1987, "Self-starting cusum charts for location and scale".
public struct PageHinkley: ChangeDetector {
  public struct Settings: DetectorSettings {
    /// δ, the change that is none, in deviations; 0 … 10. Default: half of the smallest change that is looked for, as Page
    /// has it, of 0.4 deviations.
    public var tolerance = 0.2
    /// λ, the sum that is a change, in deviations; above 0. Default: measured, below one false alarm in 100,000 values of
    /// normal numbers and of errors of which one in fifty is an error, which are the more askew.
    public var threshold = 45.0
    /// Values before the first comparison; 2 … 10⁶.
    public var valuesMin = 30

    public init() {}

    public var problems: [String] {
      var problems: [String] = []
      if !(0...10).contains(tolerance) { problems.append("tolerance must be 0 … 10, not \(tolerance)") }
      if !(threshold > 0 && threshold <= 1e9) { problems.append("threshold must be above 0, not \(threshold)") }
      if !(2...1_000_000).contains(valuesMin) { problems.append("valuesMin must be 2 … 1000000, not \(valuesMin)") }
      return problems
    }
  }

  /// The sum in one direction since its lowest point, and the values that made it.
  private struct Side: Sendable, Hashable, Codable {
    var sum = 0.0
    var began: Int64 = 0
    var values: Int64 = 0
    var total = 0.0

    mutating func add(_ distance: Double, value: Double, index: Int64) {
      guard sum + distance > 0 else {
        self = Side()
        return
      }
      if values == 0 { began = index }
      sum += distance
      values += 1
      total += value
    }
  }

  public let settings: Settings
  private var intake = DetectorIntake()
  /// Since the last change.
  private var values: Int64 = 0
  private var mean = 0.0
  /// Of the distances to the mean.
  private var squares = 0.0
  private var up = Side()
  private var down = Side()

  public init(_ settings: Settings) {
    precondition(settings.problems.isEmpty, settings.problems.joined(separator: "; "))
    self.settings = settings
  }

  public var count: Int64 { intake.count }
  public var ignored: Int64 { intake.ignored }

  public mutating func add(_ value: Double) -> Change? {
    guard let value = intake.take(value) else { return nil }
    guard values >= settings.valuesMin else {
      learn(value)
      return nil
    }
    let known = Double(values)
    let deviation = (squares / (known - 1)).squareRoot()
    let distance = value - mean
    let farthest = settings.threshold / 3
    var score = 0.0
    // Differences as small as the rounding of the mean say nothing.
    if distance.magnitude > mean.magnitude * 0x1p-40 {
      let shrunk = distance * (known / (known + 1)).squareRoot()
      score = deviation > 0 ? min(max(shrunk / deviation, -farthest), farthest) : distance > 0 ? farthest : -farthest
    }
    up.add(score - settings.tolerance, value: value, index: intake.index)
    down.add(-score - settings.tolerance, value: value, index: intake.index)
    let isUp = up.sum >= down.sum
    if max(up.sum, down.sum) > settings.threshold {
      let change = change(isUp ? up : down, with: value, direction: isUp ? .up : .down)
      begin()
      return change
    }
    let isFar = deviation > 0 && distance.magnitude > farthest * deviation
    learn(isFar ? mean + (distance > 0 ? farthest : -farthest) * deviation : value)
    return nil
  }

  private mutating func learn(_ value: Double) {
    values += 1
    let distance = value - mean
    mean += distance / Double(values)
    squares += distance * (value - mean)
  }

  private mutating func begin() {
    values = 0
    mean = 0
    squares = 0
    up = Side()
    down = Side()
  }

  /// - Parameter value: The one that made it certain; it is in the side, and not yet in the mean.
  private func change(_ side: Side, with value: Double, direction: Change.Direction) -> Change {
    let learned = side.values - 1
    let before = values - learned
    // All values, less those since it began.
    let meanBefore =
      learned > 0 && before > 0
      ? mean + (mean - (side.total - value) / Double(learned)) * (Double(learned) / Double(before)) : mean
    return Change(
      noticed: intake.index, began: side.began, meanBefore: meanBefore, meanAfter: side.total / Double(side.values),
      direction: direction, statistic: side.sum, threshold: settings.threshold)
  }
}

extension PageHinkley {
  private enum CodingKeys: String, CodingKey { case settings, intake, values, mean, squares, up, down }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    settings = try container.settings(Settings.self, .settings)
    intake = try container.intake(.intake)
    values = try container.decode(Int64.self, forKey: .values)
    try container.demand(
      (0...intake.count - intake.ignored).contains(values), .values, "there are more values than were counted")
    mean = try container.decode(Double.self, forKey: .mean)
    try container.demand(mean.isDetectorValue, .mean, "the mean is no number of a stream")
    squares = try container.decode(Double.self, forKey: .squares)
    try container.demand(squares.isSquareSum, .squares, "a sum of squares is zero or more")
    up = try container.decode(Side.self, forKey: .up)
    down = try container.decode(Side.self, forKey: .down)
    for (side, key) in [(up, CodingKeys.up), (down, .down)] {
      let isPossible =
        (0...settings.threshold).contains(side.sum) && (0...values).contains(side.values)
        && (side.values > 0 ? (0..<intake.count).contains(side.began) : side == Side()) && side.total.isFinite
      try container.demand(isPossible, key, "the sum is none that the values make")
    }
  }
}
