import Foundation

/// What frozen versions lost on records that came after what they had learned, each against one of them, the reference, on
/// the same records.
///
/// A version's weights do not move, so its pairs are about it alone, which the moving learner's are not. Deterministic: the
/// same records in the same order give the same bits.
public struct FrozenScores: Sendable, Hashable, Codable {
  public struct Entry: Sendable, Hashable, Codable {
    public let version: Int64
    /// Its loss minus the reference's; of the reference itself there is none.
    public fileprivate(set) var pairs = PairedDifference()
    /// Of two classes: its wrong answers minus the reference's, and what its area under the ROC curve lacks of the reference's.
    public fileprivate(set) var errors = BoundedDifference()
    public fileprivate(set) var area = PairedArea()
    /// The learner's loss of late minus its own, also before others were held against it.
    public fileprivate(set) var trend = RecentPairs()
    /// Of the labelled records it was asked about, by weight.
    public fileprivate(set) var weight = 0.0
    fileprivate var lossSum = 0.0
    /// Labelled records for which it gave no number.
    public fileprivate(set) var nonFinite: Int64 = 0
    /// The same as `pairs` and `errors`, by slice.
    public fileprivate(set) var slices: SliceScores
    /// Of two classes: what it answered, and what the reference did.
    public fileprivate(set) var answers = AnswerBands()
    /// Notices that the pairs have become worse of late, also after a long good history: of a version newer than the reference that it
    /// did, of an older one that the reference did.
    public fileprivate(set) var decline = DeclineWatch()
    /// How much worse is tolerated, as it was at the first look; nil: there was none.
    public fileprivate(set) var declineMargin: Double?
    /// Since the last look.
    fileprivate var news = PairedDifference()

    /// A record, by weight; nil: it was asked about none.
    public var meanLoss: Double? { weight > 0 ? lossSum / weight : nil }

    fileprivate init(version: Int64, sliceFields: Int) {
      self.version = version
      slices = SliceScores(fields: sliceFields)
    }

    /// Held against another version from now on.
    fileprivate var beginningAnew: Entry {
      var entry = Entry(version: version, sliceFields: slices.fieldCount)
      entry.trend = trend
      return entry
    }

    /// What an older program wrote lacks what came later.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      version = try container.decode(Int64.self, forKey: .version)
      pairs = try container.decode(PairedDifference.self, forKey: .pairs)
      errors = try container.decodeIfPresent(BoundedDifference.self, forKey: .errors) ?? BoundedDifference()
      area = try container.decodeIfPresent(PairedArea.self, forKey: .area) ?? PairedArea()
      trend = try container.decodeIfPresent(RecentPairs.self, forKey: .trend) ?? RecentPairs()
      weight = try container.decode(Double.self, forKey: .weight)
      lossSum = try container.decode(Double.self, forKey: .lossSum)
      nonFinite = try container.decode(Int64.self, forKey: .nonFinite)
      slices = try container.decodeIfPresent(SliceScores.self, forKey: .slices) ?? SliceScores(fields: 0)
      answers = try container.decodeIfPresent(AnswerBands.self, forKey: .answers) ?? AnswerBands()
      decline = try container.decodeIfPresent(DeclineWatch.self, forKey: .decline) ?? DeclineWatch()
      declineMargin = try container.decodeIfPresent(Double.self, forKey: .declineMargin)
      news = try container.decodeIfPresent(PairedDifference.self, forKey: .news) ?? PairedDifference()
    }
  }

  /// 0: there is none yet.
  public private(set) var reference: Int64 = 0
  /// Of the versions the one that answers requests; 0: none of them.
  public var serving: Int64 = 0
  /// The reference first.
  public private(set) var entries: [Entry] = []
  /// What else than all records they are compared on.
  public private(set) var slices = SliceTable()

  public init() {}

  /// What an older program wrote lacks what came later.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    reference = try container.decode(Int64.self, forKey: .reference)
    serving = try container.decode(Int64.self, forKey: .serving)
    entries = try container.decode([Entry].self, forKey: .entries)
    slices = try container.decodeIfPresent(SliceTable.self, forKey: .slices) ?? slices
    let fields = slices.fields.count
    for place in entries.indices where entries[place].slices.fieldCount != fields {
      entries[place].slices = SliceScores(fields: fields)
    }
  }

  public subscript(version version: Int64) -> Entry? { entries.first { $0.version == version } }

  /// Says who is scored from now on: who stays keeps its pairs, unless the reference is another; the learner's trend goes on.
  ///
  /// - Parameters:
  ///   - count: Of the versions, the reference among them.
  ///   - version: By place; the reference's is 0.
  public mutating func follow(count: Int, _ version: (Int) -> Int64) {
    guard count > 0 else { return }
    let isOther = version(0) != reference
    // Asked in every step, and most often the same.
    if !isOther, entries.count == count, (0..<count).allSatisfy({ entries[$0].version == version($0) }) { return }
    let before = entries
    reference = version(0)
    entries = (0..<count).map { place in
      guard let known = before.first(where: { $0.version == version(place) }) else {
        return Entry(version: version(place), sliceFields: slices.fields.count)
      }
      return isOther ? known.beginningAnew : known
    }
  }

  /// Says by which fields versions are compared from now on; a field that stays, read the same way, keeps its values and pairs.
  public mutating func slice(by fields: [SliceTable.Field]) {
    let isSame =
      fields.count == slices.fields.count
      && zip(fields, slices.fields).allSatisfy { $0.name == $1.name && $0.reading == $1.reading }
    if isSame { return }
    let origins = slices.align(fields)
    for place in entries.indices { entries[place].slices = entries[place].slices.aligned(origins) }
  }

  /// Takes up a value of a field, in the order of the records.
  ///
  /// - Returns: Its place among the field's slices.
  public mutating func meet(_ key: UInt64, named name: String, of field: Int) -> UInt8 {
    slices.meet(key, named: name, of: field)
  }

  /// Adds the same pair as `add` to the slice of one of the fields; both losses are of a record that was asked of both.
  ///
  /// - Parameter slice: The place among the field's slices.
  public mutating func add(
    _ loss: Double, reference: Double, isPositive: Bool? = nil, weight: Double, field: Int, slice: UInt8, at place: Int
  ) {
    guard weight > 0, place > 0, reference.isFinite, slice <= SliceTable.rest else { return }
    entries[place].slices.add(
      loss, reference: reference, isPositive: isPositive, weight: weight, field: field, place: Int(slice))
  }

  /// Adds one labelled record's loss.
  ///
  /// - Parameters:
  ///   - place: The version's, in the order of `entries`.
  ///   - reference: The reference's loss of the same record; nil: it was not asked.
  ///   - learner: The learner's, before it learned the record; a number.
  ///   - trendPairs: That are looked at together, at least.
  ///   - isPositive: The label, where there are two classes and losses are log losses: they tell the answers then.
  public mutating func add(
    _ loss: Double, reference: Double?, learner: Double, isPositive: Bool? = nil, weight: Double,
    trendPairs: Int64 = 1 << 14, at place: Int
  ) {
    guard weight > 0 else { return }
    if loss.isFinite {
      entries[place].weight += weight
      entries[place].lossSum += weight * loss
      entries[place].trend.add(candidate: learner, baseline: loss, weight: weight, length: trendPairs)
    } else {
      entries[place].nonFinite += 1
    }
    // Where the reference gives no number there is nothing to be held against.
    guard place > 0, let reference, reference.isFinite else { return }
    entries[place].pairs.add(candidate: loss, baseline: reference, weight: weight)
    if entries[place].version > self.reference {
      entries[place].news.add(candidate: loss, baseline: reference, weight: weight)
    } else {
      entries[place].news.add(candidate: reference, baseline: loss, weight: weight)
    }
    guard let isPositive, loss.isFinite else { return }
    let (own, other) = (exp(-loss), exp(-reference))
    entries[place].errors.add(candidateErrs: own < 0.5, baselineErrs: other < 0.5)
    let (answer, theirs) = (isPositive ? own : 1 - own, isPositive ? other : 1 - other)
    entries[place].area.add(candidate: Float(answer), baseline: Float(theirs), isPositive: isPositive)
    entries[place].answers.add(own: answer, reference: theirs)
  }

  /// Pairs of one look for a decline.
  static let pairsPerLook: Int64 = 256

  /// Whether a version has pairs enough for a look.
  public var isDue: Bool { entries.contains { $0.news.count >= Self.pairsPerLook } }

  /// Looks whether pairs have become worse, of those that have enough new ones.
  ///
  /// - Parameter margin: How much worse is tolerated; a version keeps the one of its first look.
  public mutating func lookForDecline(margin: Double) {
    for place in entries.indices where entries[place].news.count >= Self.pairsPerLook {
      let (news, most) = (entries[place].news, entries[place].declineMargin ?? margin)
      entries[place].declineMargin = most
      entries[place].decline.add(news, margin: most)
      entries[place].news = PairedDifference()
    }
  }
}
