/// Finds which part of what a model learned did it harm, by asking for models that learned it without some of it.
///
/// What was learned is a row of records in the order of learning, 0 ..< count. Harm is by how much a measure is worse on records that
/// were held out. One pass over all, with looks at the model on the way, tells where the measure rises; from there bisection finds
/// the first record whose learning did it (a prefix up to it is harmed, one before it is not), and then the last one (a model
/// without the records from the first up to it is not harmed any more). A stretch has two ends: at most 2·log₂ n + 2 passes.
///
/// A pure rule over an oracle: it asks one thing after the other.
public struct CulpritSearch: Sendable {
  /// What the oracle is asked for.
  public enum Question: Sendable, Hashable {
    /// The measure after so many records, and nothing else.
    case prefix(Int)
    /// The measure after the records up to `until`, but for some of them.
    case without(Range<Int>, until: Int)
    /// The measure after so many records, and then as many others as lie between there and `until`.
    case others(after: Int, until: Int)
  }

  /// A look at the model on the way through all records.
  public struct Look: Sendable, Hashable {
    /// After so many records.
    public let place: Int
    public let values: HeldOutValues

    public init(place: Int, values: HeldOutValues) { (self.place, self.values) = (place, values) }
  }

  public enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
    /// The records did it: without them it is not there.
    case input
    /// It is not the records: others in their place do it too.
    case persistent
    /// Nothing stands out: what there was does not come again, or did not last.
    case transient
    /// The measure was as bad when the records began: an earlier step did it.
    case earlier
  }

  public struct Finding: Sendable, Hashable {
    public var verdict: Verdict
    /// Of the records; nil: none is to blame.
    public var records: Range<Int>?
    /// The measure before, and where the harm was seen.
    public var before: Double
    public var after: Double
    /// By how much it rose, and how much it moves and errs by chance.
    public var rise: Double
    public var noise: Double
    /// The most that it rises elsewhere in the looks, where nothing of it lasts: what the stream does by itself.
    public var elsewhere: Double
    /// What is left of the rise without the records, as a share of it.
    public var remaining: Double?
    /// After so many records the harm was seen.
    public var seen: Int
    /// Passes that were asked for, the one over all included.
    public var passes: Int
  }

  /// So many times its noise a rise has to be to stand out.
  public static let standsOut = 6.0
  /// And so many times what the measure does elsewhere by itself: days of storm are in every stream.
  public static let standsApart = 4.0
  /// And such a share of what the measure was.
  public static let leastShare = 1e-3
  /// Looks on the way.
  public static let looks = 64

  public init() {}

  /// - Parameters:
  ///   - looks: At the model before the first record, on the way and after the last, in order; two at least.
  ///   - earlier: At models of earlier steps, if there are any.
  ///   - ask: Answers a question, by making the steps again.
  public func find(
    _ looks: [Look], earlier: [HeldOutValues] = [], ask: (Question) throws -> HeldOutValues
  ) rethrows -> Finding {
    precondition(looks.count > 1 && looks[0].place == 0, "a search needs a look before and one after")
    let means = looks.map { $0.values.mean ?? .nan }
    let shape = Self.rise(means)
    let (low, high, wander) = (shape.low, shape.high, shape.wander)
    let (_, error) = looks[high].values.rise(over: looks[low].values)
    let noise = max(wander, error.isFinite ? error : 0)
    let rise = means[high] - means[low]
    var finding = Finding(
      verdict: .transient, records: nil, before: means[low], after: means[high], rise: rise, noise: noise,
      elsewhere: shape.elsewhere, seen: looks[high].place, passes: 1)
    guard Self.standsOut(rise, noise, of: means[low]), shape.apart >= Self.standsApart else {
      // Perhaps it was there before.
      for values in earlier {
        let (past, error) = looks[0].values.rise(over: values)
        guard Self.standsOut(past, max(wander, error), of: values.mean ?? 0), past > rise else { continue }
        (finding.verdict, finding.before, finding.after) = (.earlier, values.mean ?? .nan, means[0])
        (finding.rise, finding.noise, finding.seen) = (past, max(wander, error), 0)
        return finding
      }
      return finding
    }
    let base = looks[low].values
    let tolerance = rise.isFinite ? min(0.3, max(0.05, 3 * noise / rise)) : 0.05
    func isHarmed(_ values: HeldOutValues, _ share: Double) -> Bool {
      let (mean, _) = values.rise(over: base)
      return rise.isFinite ? mean >= share * rise : !mean.isFinite
    }
    func answer(_ question: Question) throws -> HeldOutValues {
      finding.passes += 1
      return try ask(question)
    }
    // The first: between the last look that is sound and the first that is not.
    let firstBad = looks[(low + 1)...high].firstIndex { isHarmed($0.values, tolerance) } ?? high
    var (sound, harmed) = (looks[firstBad - 1].place, looks[firstBad].place)
    while harmed - sound > 1 {
      let middle = (sound + harmed) / 2
      if isHarmed(try answer(.prefix(middle)), tolerance) { harmed = middle } else { sound = middle }
    }
    let (first, end) = (sound, looks[high].place)
    // The last: without all from the first on the model is what it was before it.
    let rest = rise.isFinite ? max(0.1, 2 * tolerance) + noise / rise : 0.1
    var (without, enough) = (first, end)
    var remaining: Double?
    /// Whether a model without some records is what it was before them.
    func heals(_ out: Range<Int>) throws -> Bool {
      let values = try answer(.without(out, until: end))
      if isHarmed(values, rest) { return false }
      remaining = rise.isFinite ? values.rise(over: base).mean / rise : 0
      return true
    }
    if end - first > 1 {
      if try heals(first..<(first + 1)) { enough = first + 1 } else { without = first + 1 }
    }
    while enough - without > 1 {
      let middle = (without + enough) / 2
      if try heals(first..<middle) { enough = middle } else { without = middle }
    }
    // By chance a prefix looks harmed a little early: whether the last one alone did it is one question more.
    var begin = first
    if enough - first > 1, try heals((enough - 1)..<enough) { begin = enough - 1 }
    (finding.records, finding.remaining, finding.verdict) = (begin..<enough, remaining, .input)
    // All that came after it: perhaps anything would do it.
    if Double(enough - begin) >= 0.9 * Double(end - first), end - first > 1,
      isHarmed(try answer(.others(after: first, until: end)), rest)
    {
      finding.verdict = .persistent
    }
    return finding
  }

  private static func standsOut(_ rise: Double, _ noise: Double, of level: Double) -> Bool {
    rise > 0 && rise >= standsOut * noise && rise >= leastShare * abs(level)
  }

  private struct Rise {
    /// The last sound look before it, and the last that is nearly as bad before the measure has come back.
    var (low, high) = (0, 1)
    /// How much looks move by chance over as many as the rise took.
    var wander = 0.0
    var elsewhere = 0.0
    /// So many times as large as elsewhere, of the ways to look at it the one in which it is most apart.
    var apart = Double.infinity
  }

  /// The largest rise from one look to a later one.
  private static func rise(_ means: [Double]) -> Rise {
    var (low, best, from, worst) = (0, -Double.infinity, 0, 1)
    for place in means.indices.dropFirst() {
      if means[place - 1] < means[low] { low = place - 1 }
      let rise = means[place].isNaN ? .infinity : means[place] - means[low]
      if rise > best { (best, from, worst) = (rise, low, place) }
    }
    guard best.isFinite, best > 0 else { return Rise(low: from, high: worst) }
    let floor = means[from]
    let reached = means.indices.first { $0 > from && means[$0] - floor >= 0.7 * best } ?? worst
    from = means.indices.last { $0 < reached && means[$0] - floor <= 0.15 * best } ?? from
    let healed = means.indices.first { $0 > worst && means[$0] - floor <= 0.3 * best } ?? means.count
    // What goes on doing harm does so behind the worst look too.
    let high = (worst..<healed).last { means[$0] - floor >= 0.7 * best } ?? worst
    // A walk moves by its steps' deviation times the root of their number; what always comes back moves less. Of all looks the lower
    // quarter of moves tells, for harm and what heals it move them too; of the sound ones, before it and behind it, the half.
    let width = reached - from
    let walk = (Self.moves(means, over: 1, quantile: 4, of: 0.3186) { _ in true } ?? 0) * Double(width).squareRoot()
    let sound = Self.moves(means, over: width, quantile: 2, of: 0.6745) { $0 <= from || $0 >= healed }
    let others = [means[...from], means[healed...]]
    // What lasts for some looks is held against what lasts as long.
    let apart = (1...3).map { looks in
      let harm = Self.lasting(means[(from + 1)..<healed], looks).max() ?? floor
      return (harm - floor) / (others.map { Self.largest(Self.lasting($0, looks)) }.max() ?? 0)
    }
    return Rise(
      low: from, high: high, wander: min(walk, sound ?? walk),
      elsewhere: others.map { Self.largest(Array($0)) }.max() ?? 0,
      apart: apart.filter { !$0.isNaN }.max() ?? .infinity)
  }

  /// How much looks move over so many, as a deviation, by a quantile of the moves. nil: there are too few.
  private static func moves(
    _ means: [Double], over lag: Int, quantile: Int, of normal: Double, between counts: (Int) -> Bool
  ) -> Double? {
    let moves = means.indices.dropFirst(lag).filter { counts($0) && counts($0 - lag) }
      .map { abs(means[$0] - means[$0 - lag]) }.filter(\.isFinite).sorted()
    return moves.count >= 12 ? moves[moves.count / quantile] / normal : nil
  }

  /// What a measure is at least, over so many looks in a row.
  private static func lasting(_ means: ArraySlice<Double>, _ looks: Int) -> [Double] {
    means.indices.dropLast(looks - 1).map { means[$0..<($0 + looks)].min() ?? .nan }
  }

  private static func largest(_ values: [Double]) -> Double {
    var (low, largest) = (Double.infinity, 0.0)
    for value in values {
      largest = max(largest, value - low)
      low = min(low, value)
    }
    return largest
  }
}
