package import Foundation
package import Pipelines
import Vocabulary

/// What a receiver is told, and when: a rule without a clock, as Alertmanager's of one group.
///
/// The first incident waits `group_wait` for others; what comes while something of the pipeline goes on waits `group_interval`
/// since the last message, as does the end of what was told; what goes on is told again after `repeat_interval`.
package struct AlertPlan: Sendable {
  private let settings: AlertSettings

  package init(_ settings: AlertSettings) { self.settings = settings }

  /// All that is known at one moment.
  package struct Look: Sendable {
    package var entries: [AlertEntry]
    package var history: AlertHistory
    package var now: Date
    /// A person has paused or stopped the pipeline: what can wait does, and nothing is told again.
    package var isQuiet: Bool
    /// Nobody looks again for a while: what waits for company goes now.
    package var isLast: Bool

    package init(
      _ entries: [AlertEntry], history: AlertHistory = AlertHistory(), now: Date, isQuiet: Bool = false,
      isLast: Bool = false
    ) {
      self.entries = entries
      self.history = history
      self.now = now
      self.isQuiet = isQuiet
      self.isLast = isLast
    }
  }

  /// A message and what it settles.
  package struct Batch: Sendable, Hashable {
    /// In the message, in this order.
    package var shown: [AlertEntry]
    /// Told by it that they began.
    package var begun: [Int64] = []
    /// Told by it that they are over.
    package var ended: [Int64] = []
    /// Counted by it alone, and with that settled.
    package var counted: [Int64] = []
    /// How many more than `shown` there are.
    package var truncated: Int
  }

  package enum Decision: Sendable, Hashable {
    case rest
    case send(Batch)
    /// Their end is told to nobody.
    case settle([Int64])
  }

  /// Alerts in one message; the rest is counted.
  package static let alertsMax = 100

  package func decide(_ look: Look) -> Decision {
    let silent = look.entries.filter { isOver($0, look) && !(settings.sendResolved && passes($0)) }
    if !silent.isEmpty { return .settle(silent.map(\.incident)) }
    let causes = Set(look.entries.filter { !$0.isMissed && $0.end(at: look.now) == nil }.compactMap(Self.Cause.init))
    let kept = look.entries.filter { passes($0) && !$0.isMissed }
    let ends = kept.filter { isOver($0, look) }
    let going = kept.filter { $0.wasTold && $0.end(at: look.now) == nil }
    let news = kept.filter { !$0.wasTold && !isHeldBack($0, by: causes, look) }
    guard isDue(news: news, going: going, ends: ends, look) else { return .rest }
    return .send(Self.batch(news: news, going: going, ends: ends))
  }

  /// What is to be told and was not yet.
  package func waiting(_ look: Look) -> Set<Int64> {
    Set(look.entries.filter { passes($0) && !$0.wasTold && !$0.isMissed }.map(\.incident))
  }

  private func passes(_ entry: AlertEntry) -> Bool {
    entry.severity >= settings.severity && (settings.kinds.isEmpty || settings.kinds.contains(entry.kind))
  }

  private func isOver(_ entry: AlertEntry, _ look: Look) -> Bool { entry.wasTold && entry.end(at: look.now) != nil }

  /// What others follow from.
  private enum Cause: Hashable {
    case badNumbers, diverging

    init?(_ entry: AlertEntry) {
      switch (entry.kind, entry.isLasting) {
      case ("non_finite", true): self = .badNumbers
      case ("diverging", true): self = .diverging
      default: return nil
      }
    }
  }

  /// What follows from something that is told already waits until that is over, as `deploy/prometheus/alertmanager.yml` has it;
  /// and what wakes nobody waits until a pipeline that a person has stopped goes on.
  private func isHeldBack(_ entry: AlertEntry, by causes: Set<Cause>, _ look: Look) -> Bool {
    if look.isQuiet, entry.severity < .error { return true }
    switch (entry.kind, entry.isLasting) {
    case ("non_finite", false), ("diverging", true): return causes.contains(.badNumbers)
    case ("calibration", true): return causes.contains(.diverging)
    default: return false
    }
  }

  private func isDue(news: [AlertEntry], going: [AlertEntry], ends: [AlertEntry], _ look: Look) -> Bool {
    let sentAt = look.history.sentAt ?? .distantPast
    let isRepeated =
      !going.isEmpty && !look.isQuiet && sentAt.addingTimeInterval(settings.repeatInterval.seconds) <= look.now
    guard isRepeated || !news.isEmpty || !ends.isEmpty else { return false }
    if look.isLast { return true }
    if let retryAt = look.history.retryAt, look.now < retryAt { return false }
    if isRepeated { return true }
    if !going.isEmpty || !ends.isEmpty {
      return sentAt.addingTimeInterval(settings.groupInterval.seconds) <= look.now
    }
    let first = news.map(\.openedAt).min() ?? look.now
    return first.addingTimeInterval(settings.groupWait.seconds) <= look.now
  }

  /// The most urgent and the newest stand in the message.
  private static func batch(news: [AlertEntry], going: [AlertEntry], ends: [AlertEntry]) -> Batch {
    func inOrder(_ entries: [AlertEntry]) -> [AlertEntry] {
      entries.sorted {
        ($0.severity, $0.isLasting ? 1 : 0, $0.incident) > ($1.severity, $1.isLasting ? 1 : 0, $1.incident)
      }
    }
    let all = inOrder(news) + inOrder(ends) + inOrder(going)
    let shown = Array(all.prefix(alertsMax))
    let places = Set(shown.map(\.incident))
    var batch = Batch(shown: shown, truncated: all.count - shown.count)
    batch.begun = news.map(\.incident).filter(places.contains)
    batch.counted = news.map(\.incident).filter { !places.contains($0) }
    // An end that did not fit comes with the next message: whoever was told of the beginning waits for it.
    batch.ended = ends.map(\.incident).filter(places.contains)
    return batch
  }
}
