public import Foundation
import Vocabulary

/// How well live requests are to be answered: the pipeline's `rollout.slo`.
public struct ServingObjective: Sendable, Hashable {
  /// The share that is answered without an error of ours; nil: nobody minds.
  public var availability: Double?
  /// The share that is answered in time; nil: nobody minds.
  public var quick: Double?
  /// What in time means.
  public var quickUnder: Duration
  /// In a window with fewer requests nothing is said.
  public var eventsMin: Int64
  /// Of all windows' lengths; less than 1 for tests.
  public var scale: Double

  public init(
    availability: Double? = nil, quick: Double? = nil, under quickUnder: Duration = .milliseconds(50),
    eventsMin: Int64 = 1000, scale: Double = 1
  ) {
    (self.availability, self.quick, self.quickUnder) = (availability, quick, quickUnder)
    (self.eventsMin, self.scale) = (eventsMin, scale)
  }

  /// How far back anybody asks.
  public var span: Duration { (BurnRateAlert.all.map(\.long).max() ?? .zero) * scale }

  /// What burns too fast, the gravest first; one finding an objective.
  ///
  /// - Parameters:
  ///   - version: nil: all together.
  ///   - start: What was before does not count.
  public func findings(
    in history: ServingHistory, of version: Int64? = nil, since start: Date = .distantPast, now: Date
  ) -> [BurnRateFinding] {
    let found = goals.compactMap { goal in
      BurnRateAlert.all.lazy.compactMap { alert in
        finding(goal, alert, in: history, of: version, since: start, until: now)
      }.first
    }
    return found.filter { $0.alert.severity == .page } + found.filter { $0.alert.severity != .page }
  }

  /// What only the version can be to blame for: it burns its budget so fast that somebody is called, and the one before did not, by
  /// the same rule.
  ///
  /// A canary is held against the stable version of the same time, a stable version against what a rollback would return to, in
  /// that one's last time. A stable version that has served well for longer than the window is not what has changed, and one rollback
  /// a window is enough: what goes on after it is the world's.
  ///
  /// - Parameters:
  ///   - warmUp: Since the version got its requests; what was in that time does not count.
  /// - Returns: nil: it is not, or nobody knows.
  public func breach(
    of version: VersionFacts, among versions: [VersionFacts], in history: ServingHistory, warmUp: Duration, now: Date
  ) -> BurnRateFinding? {
    guard version.state.isServing else { return nil }
    let start = version.sharedSince.addingTimeInterval(warmUp.seconds)
    let before =
      version.state == .canary
      ? versions.first { $0.state == .stable } : Rollout.rollbackTarget(among: versions)
    guard let before else { return nil }
    let isCanary = version.state == .canary
    let end = isCanary ? now : before.since
    let last = versions.filter { $0.state == .rolledBack }.map(\.since).max() ?? .distantPast
    return findings(in: history, of: version.number, since: start, now: now).first { finding in
      guard finding.alert.severity == .page else { return false }
      let window = (finding.alert.long * scale).seconds
      guard isCanary || now.timeIntervalSince(start) <= window && now.timeIntervalSince(last) > window else {
        return false
      }
      let theirs = counts(
        finding.alert.long, in: history, of: before.number, since: isCanary ? start : .distantPast, until: end)
      guard theirs.requests >= eventsMin else { return false }
      return rate(finding.goal, theirs) < finding.alert.factor
    }
  }

  private var goals: [Goal] {
    [availability.map { Goal(.availability, $0) }, quick.map { Goal(.latency, $0, under: quickUnder) }].compactMap(
      \.self)
  }

  private func finding(
    _ goal: Goal, _ alert: BurnRateAlert, in history: ServingHistory, of version: Int64?, since start: Date,
    until end: Date
  ) -> BurnRateFinding? {
    let long = counts(alert.long, in: history, of: version, since: start, until: end)
    guard long.requests >= eventsMin else { return nil }
    let short = counts(alert.short, in: history, of: version, since: start, until: end)
    let (longRate, shortRate) = (rate(goal, long), rate(goal, short))
    guard longRate >= alert.factor, shortRate >= alert.factor else { return nil }
    return BurnRateFinding(goal: goal, alert: alert, bad: goal.bad(long), requests: long.requests, rate: longRate)
  }

  private func counts(
    _ window: Duration, in history: ServingHistory, of version: Int64?, since start: Date, until end: Date
  ) -> ServingCounts {
    history.counts(
      of: version, after: max(start, end.addingTimeInterval(-(window * scale).seconds)), until: end)
  }

  /// How many times as fast as the objective allows.
  private func rate(_ goal: Goal, _ counts: ServingCounts) -> Double {
    counts.requests == 0 ? 0 : Double(goal.bad(counts)) / Double(counts.requests) / (1 - goal.share)
  }

  /// One of the objectives.
  public struct Goal: Sendable, Hashable, Codable {
    public enum Aspect: String, Sendable, Hashable, Codable { case availability, latency }

    public let aspect: Aspect
    /// Of requests that are to be answered well; below 1.
    public let share: Double

    /// Of latency: what in time means.
    public let under: Duration?

    init(_ aspect: Aspect, _ share: Double, under: Duration? = nil) {
      (self.aspect, self.share, self.under) = (aspect, share, under)
    }

    func bad(_ counts: ServingCounts) -> Int64 {
      switch aspect {
      case .availability: counts.failed
      case .latency: counts.slow
      }
    }
  }
}

/// From where on the error budget burns too fast: in a long window, so that it matters, and in a short one, so that it still does.
///
/// - Source: Beyer et al., The Site Reliability Workbook, 2018, chapter 5, table 5-8, of an objective over 30 days.
public struct BurnRateAlert: Sendable, Hashable, Codable {
  public enum Severity: String, Sendable, Hashable, Codable, CaseIterable { case page, ticket }

  public let severity: Severity
  public let long: Duration
  public let short: Duration
  /// How many times as fast as the objective allows.
  public let factor: Double

  static let all = [
    BurnRateAlert(severity: .page, long: .seconds(3600), short: .seconds(300), factor: 14.4),
    BurnRateAlert(severity: .page, long: .seconds(6 * 3600), short: .seconds(1800), factor: 6),
    BurnRateAlert(severity: .ticket, long: .seconds(86_400), short: .seconds(2 * 3600), factor: 3),
    BurnRateAlert(severity: .ticket, long: .seconds(3 * 86_400), short: .seconds(6 * 3600), factor: 1),
  ]
}

/// An objective whose budget burns too fast.
public struct BurnRateFinding: Sendable, Hashable, Codable {
  public let goal: ServingObjective.Goal
  public let alert: BurnRateAlert
  /// In the long window.
  public let bad: Int64
  public let requests: Int64
  public let rate: Double

  /// The end of a sentence that begins with who answered.
  public var sentence: String {
    let what = goal.under.map { "took longer than \($0.milliseconds()) ms" } ?? "failed"
    return
      "\(bad) of \(requests) answers \(what), \(Rollout.short(rate)) times as many as \(Rollout.short(goal.share * 100)) % "
      + "allow (limit \(Rollout.short(alert.factor)))"
  }
}
