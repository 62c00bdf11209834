import Vocabulary

/// Observed: about which share of a category's values has its row together with another.
struct SharedRowsRule: Rule {
  let name = HealthRule.sharedRows
  let meaning = "values of the category share their rows"
  let source = "half of the values cannot be told apart"
  let action = HealthAction.note
  func threshold(_ limits: HealthLimits) -> Double { 0.5 }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.features.compactMap { field in
      guard let values = field.values, values.hashedRows > 0 else { return nil }
      var finding = finding(
        "input", values.sharing, .atMost(threshold(field.name)), hasEvidence: field.total.records >= limits.recordsMin,
        detail:
          "about \(percent(values.sharing)) of the values of \(field.name) share a row: more `buckets` or declared `values` help"
      )
      finding.feature = field.name
      return finding
    }
  }
}
