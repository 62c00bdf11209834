import Vocabulary

/// Workers wait, no record waits for them, and it has been quiet for longer than it ever was: what writes the topic has stopped.
/// Observed: the silence in times of the longest one before, of some weeks. A stream that comes in bursts, or rests at night, has
/// had long silences, and none is known before it was seen for a day.
struct StalledStreamRule: Rule {
  let name = HealthRule.stalledStream
  let meaning = "no record comes any more where records came all the time"
  let source =
    "wide: of n gaps alike the next is the longest once in n + 1 (David & Nagaraja 2003), and here it is so thrice over"
  let action = HealthAction.ticket
  func threshold(_ limits: HealthLimits) -> Double { 3 }

  /// Checkpoints come within a minute of their time; a shorter silence is none.
  private static let secondsLeast = 60.0
  /// A night has to be among those before.
  private static let knownLeast = 86_400.0

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    guard let silence = window.silence else { return [] }
    return [
      finding(
        HealthFinding.stream, silence.seconds / max(silence.longestBefore, Self.secondsLeast),
        .atMost(threshold(HealthFinding.stream)), hasEvidence: silence.knownSeconds >= Self.knownLeast,
        detail:
          "no record has come for \(timeSpan(silence.seconds)), though workers wait for some; in the "
          + "\(timeSpan(silence.knownSeconds)) before, the longest time without one was \(timeSpan(silence.longestBefore))"
      )
    ]
  }
}
