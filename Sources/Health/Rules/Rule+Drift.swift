extension Rule {
  /// What a rule says of a column beside the baseline.
  func finding(
    _ column: ColumnDrift, in drift: DriftWindow, observed: Double, threshold: Double, _ limits: HealthLimits,
    layer: String = "input", detail: String? = nil
  ) -> HealthFinding {
    let sentence = [detail ?? column.sentence, drift.beginning(of: column)].compactMap(\.self).joined(separator: "; ")
    return finding(
      layer, observed, .atMost(threshold), hasEvidence: Int64(column.rows) >= limits.recordsMin,
      detail: column.change == .none ? nil : sentence)
  }
}

extension ColumnDrift {
  /// What it is called in a sentence.
  var subject: String {
    switch column.role {
    case .feature: "feature \(column.name)"
    case .label: "label \(column.name)"
    case .prediction: "the predictions"
    }
  }

  /// `feature dist is spread otherwise: median 733 before, 1466 now (stability index 1.3, of itself up to 0.03)`.
  var sentence: String {
    let verb = column.role == .prediction ? "are" : "is"
    let moved = wasserstein.map { $0.isFinite ? ", moved by \(short($0)) of its spread" : "" } ?? ""
    return
      "\(subject) \(verb) spread otherwise: \(comparison) (stability index \(short(stabilityIndex)), of itself up to "
      + "\(short(bound)); Jensen–Shannon \(short(jensenShannon))\(moved))"
  }

  private var comparison: String {
    if abs(now.absentShare - before.absentShare) > 0.1 {
      return "absent from \(percent(before.absentShare)) of the records before, from \(percent(now.absentShare)) now"
    }
    switch column.kind {
    case .category:
      return "\(before.distinct) values before, the most frequent with \(percent(before.topShare)); "
        + "\(now.distinct) now, \(percent(now.topShare))"
    case .number:
      guard let was = before.median, let median = now.median else { return "nothing to compare" }
      return "median \(short(Double(was))) before, \(short(Double(median))) now; mostly \(range(before)) before, "
        + "\(range(now)) now"
    }
  }

  private func range(_ summary: ColumnSummary) -> String {
    guard let low = summary.low, let high = summary.high else { return "nothing" }
    return "\(short(Double(low))) … \(short(Double(high)))"
  }
}
