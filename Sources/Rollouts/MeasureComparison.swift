public import Vocabulary

/// Two versions by one measure, on all records or on a slice of them.
public struct MeasureComparison: Sendable, Hashable, Codable {
  public let measure: ComparedMeasure
  /// The name of the slice; nil: all records.
  public let slice: String?
  /// How much worse the candidate may be.
  public let margin: Double
  /// How much better it must be to be promoted; 0: not at all, within the margin is enough.
  public let gainMin: Double
  /// The bound that may condemn, at the family's confidence.
  public let lower: Double
  /// The bound that may promote, at the family's confidence.
  public let upper: Double
  /// Records, or blocks of them.
  public let pairs: Int64
  /// The candidate is not what it was: the watch that never forgets how to begin anew has called it worse.
  public let hasDeclined: Bool
  /// Where it is worse: how many pairs ago that probably began; nil: it has always been so.
  public let beganPairsAgo: Int64?

  public init(
    measure: ComparedMeasure, slice: String? = nil, margin: Double, gainMin: Double = 0, lower: Double, upper: Double,
    pairs: Int64, hasDeclined: Bool = false, beganPairsAgo: Int64? = nil
  ) {
    self.measure = measure
    self.slice = slice
    self.margin = margin
    self.gainMin = gainMin
    self.lower = lower
    self.upper = upper
    self.pairs = pairs
    self.hasDeclined = hasDeclined
    self.beganPairsAgo = beganPairsAgo
  }

  var isWorse: Bool { lower > margin || hasDeclined }
  var passes: Bool { upper <= (gainMin > 0 ? -gainMin : margin) }

  var place: String { measure.rawValue + (slice.map { " of slice \($0)" } ?? "") }

  /// "its loss is worse by at least 0.1, beyond a margin of 0.01, since about 2000 of 9000 pairs"; of a slice from where to where.
  var complaint: String {
    let since = beganPairsAgo.map { "since about \($0) of \(pairs) pairs" } ?? "since its first pair"
    let amount =
      lower > margin && slice != nil && upper.isFinite
      ? "worse by \(Rollout.short(lower)) to \(Rollout.short(upper)), beyond a margin of \(Rollout.short(margin))"
      : lower > margin
        ? "worse by at least \(Rollout.short(lower)), beyond a margin of \(Rollout.short(margin))"
        : "now worse than before, beyond a margin of \(Rollout.short(margin))"
    return "its \(place) is \(amount), \(since)"
  }
}

/// What all comparisons of a version come to.
public struct FamilyJudgement: Sendable, Hashable {
  public let verdict: Verdict
  /// The comparison that decided, or the one that is waited for; nil: all passed, or there is none.
  public let decisive: MeasureComparison?
  /// The end of a sentence that begins with "version N".
  public let reason: String

  /// One measure over all records that is worse condemns; all that pass promote, unless a slice is worse: that is told, and a
  /// person or more records must say. Nothing else does either.
  ///
  /// - Parameter comparisons: Of the family's measures over all records, each once, and of its slices those that have records.
  public init(_ comparisons: [MeasureComparison], family: Family) {
    let overall = comparisons.filter { $0.slice == nil }
    let slices = comparisons.filter { $0.slice.map(family.slices.contains) ?? false }
    let missing = family.measures.first { measure in !overall.contains { $0.measure == measure } }
    if let worst = Self.worst(overall) {
      self.init(.fail, worst, "is worse: \(worst.complaint)")
    } else if let worst = Self.worst(slices) {
      let good = missing == nil && overall.allSatisfy(\.passes)
      self.init(.inconclusive, worst, (good ? "is good overall, but " : "is undecided overall, and ") + worst.complaint)
    } else if let missing {
      self.init(.inconclusive, nil, "waits for records to compare its \(missing.rawValue) by")
    } else if let open = overall.first(where: { !$0.passes }) {
      self.init(
        .inconclusive, open,
        "waits for more records: its \(open.place) may still be worse by \(Rollout.short(open.upper)), "
          + (open.gainMin > 0
            ? "and is to be better by \(Rollout.short(open.gainMin))"
            : "beyond a margin of \(Rollout.short(open.margin))"))
    } else {
      self.init(.pass, nil, "is as good or better by " + family.measures.map(\.rawValue).joined(separator: ", "))
    }
  }

  private init(_ verdict: Verdict, _ decisive: MeasureComparison?, _ reason: String) {
    self.verdict = verdict
    self.decisive = decisive
    self.reason = reason
  }

  /// The one that is the most margins beyond its own.
  private static func worst(_ comparisons: [MeasureComparison]) -> MeasureComparison? {
    comparisons.filter(\.isWorse).max { $0.lower * $1.margin < $1.lower * $0.margin }
  }
}
