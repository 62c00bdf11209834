import Vocabulary

/// A feature that was there and is not any more: most often a field upstream that broke. Observed: by how much the share of records
/// that lack it is larger in the window than it was before.
struct FeatureGoneRule: Rule {
  let name = HealthRule.featureGone
  let meaning = "the feature has gone missing from records that had it"
  let source = "wide: half of the records lose what they had"
  let action = HealthAction.ticket
  static let shareMax = 0.5
  func threshold(_ limits: HealthLimits) -> Double { Self.shareMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.features.compactMap { field in
      let before = (
        records: field.total.records - field.window.records, missing: field.total.missing - field.window.missing
      )
      guard before.records > 0, field.window.records > 0 else { return nil }
      let now = Double(field.window.missing) / Double(field.window.records)
      // What has gone missing is not what is usual for having been so for long.
      let then = window.usualMissing[field.name] ?? Double(before.missing) / Double(before.records)
      var finding = finding(
        "input", now - then, .atMost(threshold(field.name)),
        hasEvidence: field.window.records >= limits.recordsMin && before.records >= 5 * limits.recordsMin,
        detail:
          "feature \(field.name) is absent from \(percent(now)) of the window's records, before from \(percent(then))")
      finding.feature = field.name
      return finding
    }
  }
}
