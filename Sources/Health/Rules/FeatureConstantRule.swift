import Vocabulary

/// A feature that varied has one value only: most often a default that took the place of a field that broke upstream. Observed:
/// the share of its most frequent value.
struct FeatureConstantRule: Rule {
  let name = HealthRule.featureConstant
  let meaning = "a feature that varied has one value only"
  let source = "one value in a thousand may be another"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 0.999 }

  /// A feature with such a share of one value in any window varies little by itself.
  private static let variedMax = 0.9

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let drift = window.drift else { return [] }
    return drift.columns.filter { $0.column.role == .feature && $0.steadiest < Self.variedMax }.map { column in
      let what = column.column.kind == .number ? column.now.top.map { short(Double($0)) } ?? "none" : "one category"
      var finding = finding(
        column, in: drift, observed: column.now.absentShare < 0.5 ? column.now.topShare : 0,
        threshold: threshold(column.column.name), limits,
        detail:
          "\(column.subject) has the value \(what) in \(percent(column.now.topShare)) of the records that have it; "
          + "before it had \(column.before.distinct) values")
      finding.feature = column.column.name
      return finding
    }
  }
}
