import Vocabulary

/// Observed: share of records whose value is outside the clip range.
struct ClippedValuesRule: Rule {
  let name = HealthRule.clippedValues
  let meaning = "values of the feature lie outside its clip range"
  let source = "wide: another unit hits nearly all"
  let action = HealthAction.freezePromotion
  func threshold(_ limits: HealthLimits) -> Double { limits.clippedShareMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.features.map { field in
      field.finding(name, \.clipped, threshold(field.name), limits, "lies outside its clip range in")
    }
  }
}
