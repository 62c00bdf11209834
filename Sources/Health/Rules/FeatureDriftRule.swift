import Vocabulary

/// A feature is spread otherwise than over the windows that the version that serves was made of. Observed: the population stability
/// index; a window fails above the threshold, and above what windows differ by themselves.
///
/// What a rule of its own is for is left to it: another unit, one value only, a field that is gone.
struct FeatureDriftRule: Rule {
  let name = HealthRule.featureDrift
  let meaning = "the feature is spread otherwise than in the windows that the version that serves was made of"
  let source = "0.25 is the usual mark of a clear shift; Siddiqi 2006. Chance: bootstrap on the baseline's own windows"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { limits.stabilityIndexMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let drift = window.drift else { return [] }
    return drift.columns.filter { $0.column.role == .feature }.map { column in
      let isOthers =
        switch column.change {
        case .constant: true
        case .scaled(let factor): max(factor, 1 / factor) > UnitChangeRule.factorMax
        case .none, .spread: column.now.absentShare - column.before.absentShare > FeatureGoneRule.shareMax
        }
      var finding = finding(
        column, in: drift, observed: isOthers ? 0 : column.stabilityIndex,
        threshold: max(threshold(column.column.name), column.bound), limits)
      finding.feature = column.column.name
      return finding
    }
  }
}
