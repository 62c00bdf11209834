import Vocabulary

/// A feature's numbers are the same as before times a factor: most likely they come in another unit. Observed: the factor, or one
/// divided by it; 1: they do not.
struct UnitChangeRule: Rule {
  let name = HealthRule.unitChange
  let meaning = "a feature's numbers are the same as before times a factor"
  let source = "seconds or minutes 60, cents 100, milli 1,000; less is growth rather than a unit"
  let action = HealthAction.ticket
  static let factorMax = 5.0
  func threshold(_ limits: HealthLimits) -> Double { Self.factorMax }

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let drift = window.drift else { return [] }
    let columns = drift.columns.filter { $0.column.role == .feature && $0.column.kind == .number }
    return columns.map { column in
      let factor = if case .scaled(let factor) = column.change { factor } else { 1.0 }
      let ratio = factor >= 1 ? "\(short(factor)) times what they were" : "1/\(short(1 / factor)) of what they were"
      let medians =
        column.before.median.flatMap { was in
          column.now.median.map { "; median \(short(Double(was))) before, \(short(Double($0))) now" }
        } ?? ""
      var finding = finding(
        column, in: drift, observed: max(factor, 1 / factor), threshold: threshold(column.column.name), limits,
        detail: "the numbers of \(column.subject) are about \(ratio): most likely another unit\(medians)")
      finding.feature = column.column.name
      return finding
    }
  }
}
