import Vocabulary

extension HealthWindow {
  var features: [FieldReport.Field] { fields?.fields.filter(\.isFeature) ?? [] }
}

extension FieldReport {
  /// What a person should know at once, one sentence each: features that fail, labels that never come, and records that are
  /// refused in bulk.
  ///
  /// - Parameter count: How a number is written.
  public func warnings(limits: HealthLimits, count: (Int64) -> String) -> [String] {
    var warnings = Self.rules.flatMap { rule in
      rule.examine(HealthWindow(fields: self), limits) { _ in rule.threshold(limits) }
    }
    .filter { $0.verdict == .fail }.compactMap(\.detail)
    for field in fields where !field.isFeature {
      let counts = field.total
      guard counts.records >= limits.recordsMin, counts.missing == counts.records else { continue }
      let isWeight = field.isWeight == true
      warnings.append(
        "\(isWeight ? "weight" : "label") \(field.path) is absent from \(count(counts.missing)) of "
          + "\(count(counts.records)) records" + field.nearKeys
          + (isWeight ? ": each counts 1" : ": they are predicted, not learned"))
    }
    warnings += labelsOutOfRange(limits, count)
    for field in fields where field.total.wild > 0 {
      let (wild, records) = (count(field.total.wild), count(field.total.records))
      warnings.append(
        (field.isFeature
          ? "feature \(field.name) lies far outside its usual range in \(wild) of \(records) records"
          : "label \(field.path) lies far outside its usual range in \(wild) of \(records) records")
          + (field.wildExample.map { ", such as \($0)" } ?? "")
          + (field.isFeature
            ? ": such a value counts as absent; `clip: [lowest, highest]` says what may occur"
            : ": it is learned as 100 times the usual spread"))
    }
    for field in fields { warnings += field.values?.sentences(count: count) ?? [] }
    return warnings + strangeLabels(count) + [refusedInBulk(count)].compactMap(\.self)
  }

  private static let rules: [any Rule] = [
    MissingFeatureRule(), UnknownValuesRule(), ClippedValuesRule(), WildValuesRule(),
  ]

  /// Labels of which so many lie outside their range that the model learns the bounds.
  private func labelsOutOfRange(_ limits: HealthLimits, _ count: (Int64) -> String) -> [String] {
    let most = min(limits.clippedShareMax, 0.1)
    return fields.filter { !$0.isFeature }.compactMap { field in
      let counts = field.total
      guard counts.records >= limits.recordsMin, Double(counts.clipped) > most * Double(counts.records) else {
        return nil
      }
      return "label \(field.path) lies outside its clip range in \(count(counts.clipped)) of \(count(counts.records)) "
        + "records: it is learned as the nearest bound; `clip: [lowest, highest]` says what may occur"
    }
  }

  /// Labels that the task cannot learn from, however few: a class that is not declared is never learned.
  private func strangeLabels(_ count: (Int64) -> String) -> [String] {
    rejections.filter { $0.reason == RejectReason.badLabel.rawValue && $0.records >= 10 }.map { rejection in
      "label \(rejection.field ?? "") of \(count(rejection.records)) records is none that the task knows"
        + (rejection.example.map { ", e.g. \($0)" } ?? "")
        + ": they are rejected (`model.task` binary takes 0 and 1, or the two of `classes`; multiclass those of `classes`; "
        + "regression any number)"
    }
  }

  /// Of all records; where those were good, of the ones since the checkpoint before.
  private func refusedInBulk(_ count: (Int64) -> String) -> String? {
    // Deletions are nobody's mistake.
    let mistakes = rejections.filter { $0.reason != RejectReason.tombstone.rawValue }
    func isBulk(_ refused: Int64, _ kept: Int64) -> Bool {
      refused + kept >= 50 && Double(refused) > 0.1 * Double(refused + kept)
    }
    let refused = mistakes.reduce(0) { $0 + $1.records }
    if isBulk(refused, records), let most = mistakes.first {
      return "\(count(refused)) of \(count(refused + records)) records were rejected; \(most.sentence(count: count))"
        + Self.wayOn
    }
    let newly = mistakes.reduce(0) { $0 + $1.window }
    let kept = fields.reduce(0) { max($0, $1.window.records) }
    guard isBulk(newly, kept), var most = mistakes.max(by: { $0.window < $1.window }) else { return nil }
    most.records = most.window
    return
      "\(count(newly)) of the last \(count(newly + kept)) records were rejected; \(most.sentence(count: count))"
      + Self.wayOn
  }

  private static let wayOn = "; 'retrainctl dead-letters' says why, and what can be done"
}

extension FieldReport.Field {
  fileprivate var nearKeys: String { near.isEmpty ? "" : " (keys near it: \(near.joined(separator: ", ")))" }

  /// Whether hardly a record before the window was so.
  private func isNew(_ count: KeyPath<FieldReport.Counts, Int64>) -> Bool {
    let earlier = total.records - window.records
    return earlier > window.records && Double(total[keyPath: count] - window[keyPath: count]) < 0.05 * Double(earlier)
  }

  /// Judged are all records that were counted; of a feature that was sound in most of them, the window too, if it has enough
  /// records: so one that goes missing in an old stream is told as well as one that never was there. A feature that only some
  /// records have comes and goes, and is judged by all of them.
  func finding(
    _ rule: HealthRule, _ count: KeyPath<FieldReport.Counts, Int64>, _ most: Double, _ limits: HealthLimits,
    _ what: String
  ) -> HealthFinding {
    func share(_ counts: FieldReport.Counts) -> Double {
      counts.records > 0 ? Double(counts[keyPath: count]) / Double(counts.records) : 0
    }
    let wasSound = share(total) <= min(most, 0.5)
    let counts = wasSound && window.records >= limits.recordsMin ? window : total
    let (part, share) = (counts[keyPath: count], share(counts))
    let verdict: Verdict = counts.records < limits.recordsMin ? .inconclusive : share <= most ? .pass : .fail
    let place = path == name ? "feature \(name)" : "feature \(name) (path \(path))"
    let near =
      switch rule {
      case .missingFeature: nearKeys
      case .unknownValues: stranger.map { ", such as \($0)" } ?? ""
      case .wildValues: wildExample.map { ", such as \($0)" } ?? ""
      case .clippedValues where share > most && isNew(count): "; it hardly did before: most likely its unit has changed"
      default: ""
      }
    return HealthFinding(
      rule: rule.rawValue, layer: "input", observed: share, threshold: most, verdict: verdict, feature: name,
      detail: part == 0 ? nil : "\(place) \(what) \(part) of \(counts.records) records\(near)")
  }
}
