/// What records lost before they were learned, and what the same records lose right after, of a random few of the steps.
///
/// Whole numbers: added in whatever order, and by however many ranks, they come to the same.
public struct LearnedLoss: Sendable, Hashable, Codable {
  /// Labelled records.
  public private(set) var records: Int64 = 0
  /// In `unit`, each times its weight.
  public private(set) var before: Int64 = 0
  public private(set) var after: Int64 = 0

  private static let unit = 0x1p-20
  /// Of one record: so that sums of as many as anybody learns in a window are numbers.
  private static let most = 0x1p18

  public init() {}

  /// What another rank says.
  public init(records: Int64, before: Int64, after: Int64) {
    (self.records, self.before, self.after) = (records, before, after)
  }

  /// Adds a record; one of which a loss is no number says nothing.
  public mutating func add(before: Double, after: Double, weight: Double) {
    guard (before * weight).isFinite, (after * weight).isFinite else { return }
    records += 1
    self.before &+= Self.whole(before * weight)
    self.after &+= Self.whole(after * weight)
  }

  public mutating func add(_ other: LearnedLoss) {
    records &+= other.records
    before &+= other.before
    after &+= other.after
  }

  private static func whole(_ loss: Double) -> Int64 { Int64((max(-most, min(most, loss)) / unit).rounded()) }

  /// By how much learning a record lessens its own loss, as a share of what it was; nil: there was none.
  public var gap: Double? { before > 0 ? Double(before &- after) / Double(before) : nil }
}
