/// How many records made numbers non-finite of late: a bucket that fills by one a record, and that the budget drains over so
/// many records that were taken.
///
/// What an endless stream has in small doses drains away; a burst, or a lasting share above the budget's, fills it.
package struct NonFiniteRate: Codable, Sendable, Hashable {
  /// The budget is for so many records.
  package static let records: Int64 = 100_000

  package private(set) var level = 0.0
  private var lastTotal: Int64 = 0
  private var lastConsumed: Int64 = 0

  package init() {}

  /// After each step.
  ///
  /// - Parameters:
  ///   - total: Such records over the lineage.
  ///   - consumed: All records over the lineage.
  package mutating func add(total: Int64, consumed: Int64, budget: Int) {
    level -= Double(consumed - lastConsumed) * Double(budget) / Double(Self.records)
    level = max(0, level) + Double(total - lastTotal)
    (lastTotal, lastConsumed) = (total, consumed)
  }

  /// Begins to count where the lineage stands: what was before it is forgiven.
  package mutating func begin(total: Int64, consumed: Int64) { (level, lastTotal, lastConsumed) = (0, total, consumed) }

  package func exceeds(_ budget: Int) -> Bool { level > Double(budget) }
}
