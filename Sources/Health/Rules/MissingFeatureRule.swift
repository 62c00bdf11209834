import Vocabulary

/// Observed: share of records that lack the feature.
struct MissingFeatureRule: Rule {
  let name = HealthRule.missingFeature
  let meaning = "the feature is absent from nearly every record"
  let source = "a feature may be rare and good; a misspelt path is absent from every record"
  let action = HealthAction.freezePromotion
  func threshold(_ limits: HealthLimits) -> Double { limits.missingShareMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.features.map { field in
      field.finding(name, \.missing, threshold(field.name), limits, "is absent from")
    }
  }
}
