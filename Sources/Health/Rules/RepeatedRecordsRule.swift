import Vocabulary

/// Features that hardly had a value twice have the same few values again and again: the same records are learned. Observed: of the
/// features that had another value with most records, the largest share of the window's values that are different.
struct RepeatedRecordsRule: Rule {
  let name = HealthRule.repeatedRecords
  let meaning = "the same records come again and again"
  let source = "wide: each record four times over; one that is delivered twice is no fault"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 0.25 }

  /// A feature with a smaller share of different values repeats itself.
  private static let variedMin = 0.5

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    let varied = (window.drift?.columns ?? []).filter { drift in
      // One value only is another rule's.
      drift.column.role == .feature && drift.column.kind == .number && drift.now.distinct > 1
        && Self.share(drift.before) ?? 0 >= Self.variedMin
    }
    guard let most = varied.compactMap({ Self.share($0.now) }).max() else { return [] }
    return [
      finding(
        HealthFinding.stream, most, .atLeast(threshold(HealthFinding.stream)),
        hasEvidence: varied.allSatisfy { Int64($0.rows) >= limits.recordsMin },
        detail:
          "at most \(percent(most)) of the values of a feature are different, of features that had another value with "
          + "most records: the same records come again and again")
    ]
  }

  /// Of the values that are there; nil: too few are.
  private static func share(_ column: ColumnSummary) -> Double? {
    let present = Double(column.rows) * (1 - column.absentShare)
    return present >= 1 && column.absentShare < 0.5 ? min(1, Double(column.distinct) / present) : nil
  }
}
