import Vocabulary

/// A number is standardised by a mean and a deviation that take in each record. Where they take in none, or fewer than they had, they
/// are of other records than the model reads. Observed: values that they have taken in, as a share of the window's records with the
/// feature; below 0: they have begun anew.
///
/// A feature that lies elsewhere all at once, or for a while, makes them begin anew: that is left to the rules of drift.
struct NormalizerStalledRule: Rule {
  let name = HealthRule.normalizerStalled
  let meaning = "the mean and deviation that a number is standardised by take in no records"
  let source = "a record counts with its weight, and one in a hundred has to"
  let action = HealthAction.ticket
  /// In deviations: what begins anew among the same values comes nearer than that to the mean that it had.
  private static let elsewhere = 0.5
  func threshold(_ limits: HealthLimits) -> Double { 0.01 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.features.compactMap { field in
      let before = window.fieldsBefore?.fields.first { $0.isFeature && $0.name == field.name }
      guard let scale = field.scale, let was = before?.scale else { return nil }
      let records = field.window.records - field.window.missing - field.window.wild
      guard records > 0 else { return nil }
      let taken = (scale.count - was.count) / Double(records)
      let column = window.drift?.columns.first { $0.column.role == .feature && $0.column.name == field.name }
      let isElsewhere =
        column.map { $0.change != .none } ?? false
        || taken < 0 && abs(scale.mean - was.mean) > Self.elsewhere * was.deviation
      var finding = finding(
        "input", isElsewhere ? 1 : taken, .atLeast(threshold(field.name)),
        hasEvidence: records >= limits.recordsMin && was.count >= Double(5 * limits.recordsMin),
        detail: taken < 0
          ? "the mean and deviation of feature \(field.name) are of \(short(scale.count)) values, before of "
            + "\(short(was.count)): they have begun anew"
          : "the mean and deviation of feature \(field.name) have taken in \(percent(taken)) of the window's records")
      finding.feature = field.name
      return finding
    }
  }
}
