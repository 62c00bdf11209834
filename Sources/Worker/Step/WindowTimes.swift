import Vocabulary

/// How long a window's work took: from the beginning of its first step with records to the end of its last.
///
/// Step thread only.
struct WindowTimes {
  /// When the window's first step with records began.
  private var since: ContinuousClock.Instant?
  /// When the last step with records ended, of whatever window; before there is one, when the first window began.
  private(set) var until = ContinuousClock.now
  /// When the step in hand began, as long as no other of the window had records.
  private var stepSince = ContinuousClock.now

  /// A step begins.
  mutating func open() { if since == nil { stepSince = .now } }

  /// The step has records.
  mutating func work() { if since == nil { since = stepSince } }

  mutating func end(at now: ContinuousClock.Instant) { until = now }

  mutating func beginWindow() { since = nil }

  var seconds: Double { since.map { max(0, $0.duration(to: until).seconds) } ?? 0 }
}
