import Vocabulary

/// Observed: share of records whose value is far outside the feature's usual range.
struct WildValuesRule: Rule {
  let name = HealthRule.wildValues
  let meaning = "values of the feature lie far outside its usual range"
  let source = "such values are rare by their meaning"
  let action = HealthAction.freezePromotion
  func threshold(_ limits: HealthLimits) -> Double { limits.wildShareMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.features.map { field in
      field.finding(
        name, \.wild, threshold(field.name), limits, "lies far outside its usual range, and counts as absent, in")
    }
  }
}
