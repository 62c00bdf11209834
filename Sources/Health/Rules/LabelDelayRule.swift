import Vocabulary

/// Labels become known later after their events than they did, or more records come without one: what is learned is older than it
/// looks, and the labels that come early need not be like the others. Observed: the larger of two, the median delay in times of its
/// median over the windows before, and the same of the odds that a record has no label; 1 where both lie within what windows differ
/// by themselves. Odds tell a share that doubles from few as well as one that nears all.
struct LabelDelayRule: Rule {
  let name = HealthRule.labelDelay
  let meaning = "labels come later than they did, or more records come without one"
  let source =
    "two doublings, delays being counted by powers of two; six deviations of the windows before (Hampel 1974)"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 4 }

  /// A share below it counts as this: of few records without a label a handful more is no news, nor is a day of storms.
  private static let shareLeast = 0.05
  /// Of logarithms: windows a day apart differ so much.
  private static let spreadLeast = 0.1

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    // A stream that never says when its labels came has no delay to speak of.
    guard window.score.labelDelays != nil else { return [] }
    let parts = [
      part(window, { Self.delay($0, limits) }) {
        "labels become known \(timeSpan($0)) after the event (median), in the windows before \(timeSpan($1))"
      },
      part(window, { Self.odds($0, limits) }) {
        "\(percent($0 / (1 + $0))) of the records have no label, in the windows before \(percent($1 / (1 + $1)))"
      },
    ].compactMap(\.self)
    let known = parts.filter(\.hasEvidence)
    let worst = known.max { $0.times < $1.times }
    return [
      finding(
        HealthFinding.stream, worst?.times ?? 1, .atMost(threshold(HealthFinding.stream)),
        hasEvidence: worst != nil, detail: worst?.sentence)
    ]
  }

  private struct Part {
    let times: Double
    let hasEvidence: Bool
    let sentence: String
  }

  /// - Returns: nil: the window has too few records.
  private func part(
    _ window: HealthWindow, _ size: (HealthWindow.Score) -> Double?, sentence: (Double, Double) -> String
  ) -> Part? {
    guard let now = size(window.score) else { return nil }
    let departure = Departure(
      now, before: window.before.compactMap(size), least: Self.spreadLeast, windows: WindowHistory.scoresMax)
    return Part(
      times: max(1, departure.factor), hasEvidence: departure.hasEvidence, sentence: sentence(now, departure.usual))
  }

  private static func delay(_ score: HealthWindow.Score, _ limits: HealthLimits) -> Double? {
    score.labelDelays.flatMap { $0.records >= limits.recordsMin ? $0.median : nil }
  }

  private static func odds(_ score: HealthWindow.Score, _ limits: HealthLimits) -> Double? {
    guard let labels = score.labels, labels.records >= max(2, limits.recordsMin) else { return nil }
    let records = Double(labels.records)
    let share = max(shareLeast, min(Double(labels.missing) / records, 1 - 1 / records))
    return share / (1 - share)
  }
}
