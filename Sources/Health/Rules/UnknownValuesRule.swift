import Vocabulary

/// Observed: share of records whose category is none of the known values.
struct UnknownValuesRule: Rule {
  let name = HealthRule.unknownValues
  let meaning = "values of the feature are none of the known ones"
  let source = "wide: another spelling of the values hits nearly all"
  let action = HealthAction.freezePromotion
  func threshold(_ limits: HealthLimits) -> Double { limits.unknownShareMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    window.features.map { field in
      field.finding(name, \.unknown, threshold(field.name), limits, "is none of the known values in")
    }
  }
}
