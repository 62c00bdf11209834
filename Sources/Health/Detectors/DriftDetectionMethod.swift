/// DDM: says when a learner errs significantly more often than it did at its best.
///
/// The share p of errors so far and its deviation s = √(p·(1 − p) / n) are compared with the pair at which p + s was
/// smallest. At p + s > pₘᵢₙ + 2·sₘᵢₙ it warns (`warningBegan`), above three deviations it is a change, which began where
/// the warning did. Learners that become better lower the minimum; so it only ever says `up`.
///
/// Values: 0 (right) and 1 (wrong); all others are ignored.
///
/// - Complexity: A few sums and a square root a value; a dozen numbers of memory.
/// - Source: Gama, Medas, Castillo & Rodrigues 2004, "Learning with drift detection".
public struct DriftDetectionMethod: ChangeDetector {
  public struct Settings: DetectorSettings {
    /// Deviations above the best from which on it warns; above 0. Default: the paper's.
    public var warning = 2.0
    /// Deviations above the best that are a change; `warning` or more. Default: the paper's.
    public var change = 3.0
    /// Values before the first comparison; 1 … 10⁶. Default: the paper's.
    public var valuesMin = 30
    /// Errors before the first comparison; 1 … 10⁶. The paper has none, so that p = s = 0 is the best that may be and the
    /// first error of a good learner is a change: a binomial is near enough to the normal, of which the deviations are
    /// counted, from about five expected events on (Cochran 1954).
    public var errorsMin = 5

    public init() {}

    public var problems: [String] {
      var problems: [String] = []
      if !(warning > 0 && warning.isFinite) { problems.append("warning must be above 0, not \(warning)") }
      if !(change >= warning && change.isFinite) { problems.append("change must be \(warning) or more, not \(change)") }
      if !(1...1_000_000).contains(valuesMin) { problems.append("valuesMin must be 1 … 1000000, not \(valuesMin)") }
      if !(1...1_000_000).contains(errorsMin) { problems.append("errorsMin must be 1 … 1000000, not \(errorsMin)") }
      return problems
    }
  }

  /// Values and errors among them.
  private struct Tally: Sendable, Hashable, Codable {
    var values: Int64 = 0
    var errors: Int64 = 0

    var share: Double { values > 0 ? Double(errors) / Double(values) : 0 }
    var isPossible: Bool { values >= 0 && (0...values).contains(errors) }
  }

  /// Where p + s was smallest.
  private struct Best: Sendable, Hashable, Codable {
    var share: Double
    var deviation: Double
  }

  /// Since when it warns without a break.
  private struct Warning: Sendable, Hashable, Codable {
    var began: Int64
    /// Before it.
    var tally: Tally
  }

  public let settings: Settings
  private var intake = DetectorIntake()
  private var tally = Tally()
  private var best: Best?
  private var warning: Warning?

  public init(_ settings: Settings) {
    precondition(settings.problems.isEmpty, settings.problems.joined(separator: "; "))
    self.settings = settings
  }

  public var count: Int64 { intake.count }
  public var ignored: Int64 { intake.ignored }
  /// The value at which the warning began that is on; nil: none is.
  public var warningBegan: Int64? { warning?.began }

  public mutating func add(_ value: Double) -> Change? {
    guard let value = intake.take(value, where: { $0 == 0 || $0 == 1 }) else { return nil }
    let before = tally
    tally.values += 1
    if value == 1 { tally.errors += 1 }
    guard tally.values > settings.valuesMin, tally.errors >= settings.errorsMin else { return nil }
    let share = tally.share
    let deviation = (share * (1 - share) / Double(tally.values)).squareRoot()
    guard let best, share + deviation > best.share + best.deviation else {
      best = Best(share: share, deviation: deviation)
      warning = nil
      return nil
    }
    guard share + deviation > best.share + settings.warning * best.deviation else {
      warning = nil
      return nil
    }
    let warning = warning ?? Warning(began: intake.index, tally: before)
    let threshold = best.share + settings.change * best.deviation
    guard share + deviation > threshold else {
      self.warning = warning
      return nil
    }
    let after = Tally(values: tally.values - warning.tally.values, errors: tally.errors - warning.tally.errors)
    let change = Change(
      noticed: intake.index, began: warning.began, meanBefore: warning.tally.share, meanAfter: after.share,
      direction: .up, statistic: share + deviation, threshold: threshold)
    tally = Tally()
    self.best = nil
    self.warning = nil
    return change
  }
}

extension DriftDetectionMethod {
  private enum CodingKeys: String, CodingKey { case settings, intake, tally, best, warning }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    settings = try container.settings(Settings.self, .settings)
    intake = try container.intake(.intake)
    tally = try container.decode(Tally.self, forKey: .tally)
    try container.demand(
      tally.isPossible && tally.values <= intake.count - intake.ignored, .tally, "there are more errors than values")
    best = try container.decodeIfPresent(Best.self, forKey: .best)
    if let best {
      try container.demand(
        (0...1).contains(best.share) && (0...0.5).contains(best.deviation), .best, "a share of errors is in 0 … 1")
    }
    warning = try container.decodeIfPresent(Warning.self, forKey: .warning)
    if let warning {
      let isPast =
        best != nil && (0..<intake.count).contains(warning.began) && warning.tally.isPossible
        && warning.tally.values < tally.values && warning.tally.errors <= tally.errors
      try container.demand(isPast, .warning, "the warning begins later than now")
    }
  }
}
