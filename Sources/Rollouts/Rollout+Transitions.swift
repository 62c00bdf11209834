public import Foundation
import Vocabulary

extension Rollout {
  /// The stable version makes room, `version` takes its place.
  static func promotionDecisions(
    of version: VersionFacts, among versions: [VersionFacts], rule: RolloutRule, observed: Double? = nil,
    threshold: Double? = nil, window: String, reason: String, actor: RolloutActor
  ) -> [RolloutDecision] {
    let leaving = versions.first { $0.state == .stable }.map { old in
      RolloutDecision(
        version: old.number, from: .stable, to: .retired, rule: .replaced, window: window,
        reason: "Version \(old.number) made room for version \(version.number).", actor: actor)
    }
    let arriving = RolloutDecision(
      version: version.number, from: version.state, to: .stable, rule: rule, observed: observed,
      threshold: threshold, window: window, reason: "Version \(version.number) \(reason).", actor: actor)
    return [leaving, arriving].compactMap { $0 }
  }

  /// The stable version is rolled back, and the newest retired one that was confirmed and never rolled back returns, if
  /// there is one.
  static func returnDecisions(
    from stable: VersionFacts, among versions: [VersionFacts], rule: RolloutRule, observed: Double? = nil,
    threshold: Double? = nil, window: String, reason: String, actor: RolloutActor
  ) -> [RolloutDecision] {
    let target = actor == .controller ? rollbackTarget(among: versions) : lastConfirmed(among: versions)
    let leaving = RolloutDecision(
      version: stable.number, from: .stable, to: .rolledBack, rule: rule, observed: observed, threshold: threshold,
      window: window,
      reason: "Version \(stable.number) \(reason); "
        + (target.map { "version \($0.number) returns." } ?? "there is no earlier version to return to."),
      actor: actor)
    let returning = target.map { target in
      RolloutDecision(
        version: target.number, from: .retired, to: .stable, rule: .rollbackTarget, window: window,
        reason: "Version \(target.number) is the newest that was confirmed and never rolled back.", actor: actor)
    }
    return [leaving, returning].compactMap { $0 }
  }

  /// The version a rollback would return to: the one that made room last, of those that were confirmed and never rolled back. None
  /// that is newer than the one that serves: a person who promotes an older version means it.
  public static func rollbackTarget(among versions: [VersionFacts]) -> VersionFacts? {
    let stable = versions.first { $0.state == .stable }
    return lastConfirmed(among: versions.filter { version in stable.map { version.number < $0.number } ?? true })
  }

  /// The one that made room last, also a newer one than serves: where a person goes back from what a person did.
  static func lastConfirmed(among versions: [VersionFacts]) -> VersionFacts? {
    let confirmed = versions.filter { version in
      version.state == .retired && version.wasStable && version.isConfirmed && !version.wasRolledBack
    }
    return confirmed.max { ($0.since, $0.number) < ($1.since, $1.number) }
  }

  /// The version that the learner's trend let serve, and that was rolled back since the anchor came to serve; nil: there is none.
  /// While there is one the trend lets none in, for it did not see what was wrong: own pairs do.
  static func mistrusted(among versions: [VersionFacts]) -> VersionFacts? {
    guard let anchor = anchor(among: versions) else { return nil }
    return versions.first {
      $0.state == .rolledBack && $0.wasStable && !$0.isConfirmed && $0.since >= anchor.since
    }
  }

  /// Each is a forward pass a record.
  public static let scoredMax = 4

  /// The version that all others are held against: the one confirmed last, so that many small steps, each too small to be seen,
  /// do not lead down. Where none was, the stable one.
  public static func anchor(among versions: [VersionFacts]) -> VersionFacts? {
    let stable = versions.first { $0.state == .stable }
    guard let stable, !stable.isConfirmed else { return stable }
    return rollbackTarget(among: versions) ?? stable
  }

  /// The version that is to be confirmed next, while one on watch serves: the oldest that served so since the anchor was
  /// confirmed. It need not serve any more: where newer ones take its place faster than any can be confirmed, the anchor
  /// moves on all the same.
  public static func confirming(among versions: [VersionFacts]) -> VersionFacts? {
    guard let stable = versions.first(where: { $0.state == .stable }), !stable.isConfirmed,
      let anchor = anchor(among: versions)
    else { return nil }
    let waiting = versions.filter { version in
      [.stable, .retired].contains(version.state) && version.wasStable && !version.isConfirmed
        && !version.wasRolledBack && (version.state == .stable || version.since >= anchor.since)
    }
    // One that has made room waits longest; which of them came first their times say.
    let retired = waiting.filter { $0.state == .retired }
    return retired.min { ($0.since, $0.number) < ($1.since, $1.number) } ?? waiting.first
  }

  /// The versions whose frozen weights predict what comes, the anchor first: also the stable one, the one to be confirmed next, the
  /// canary, the newest candidate, which keeps its place until it is decided, and what a rollback would return to; the first
  /// four of them, and none where nothing is stable.
  public static func scored(among versions: [VersionFacts]) -> [VersionFacts] {
    guard let anchor = anchor(among: versions) else { return [] }
    let undecided = versions.filter(\.state.isUndecided).max { $0.number < $1.number }
    let wanted = [
      anchor, versions.first { $0.state == .stable }, confirming(among: versions),
      versions.first { $0.state == .canary }, undecided, rollbackTarget(among: versions),
    ]
    let scored = wanted.compactMap(\.self).reduce(into: [VersionFacts]()) { all, version in
      if !all.contains(where: { $0.number == version.number }) { all.append(version) }
    }
    return Array(scored.prefix(scoredMax))
  }

  /// When versions are promoted again, where one was rolled back; nil: none was.
  static func coolsUntil(_ versions: [VersionFacts], _ policy: RolloutPolicy) -> Date? {
    let last = versions.filter { $0.state == .rolledBack }.map(\.since).max()
    return last?.addingTimeInterval(policy.coolDown.seconds)
  }

  /// The versions after the decisions, applied in order.
  ///
  /// - Throws: `RolloutError` where a version is unknown or no longer in the state decided from, where the machine has
  ///   no such transition, or where two versions would be stable or canary.
  public static func apply(
    _ decisions: [RolloutDecision], to versions: [VersionFacts], now: Date
  ) throws(RolloutError) -> [VersionFacts] {
    var versions = versions
    for decision in decisions {
      guard let version = versions.first(where: { $0.number == decision.version }) else {
        throw RolloutError(.unknownVersion, "there is no version \(decision.version)")
      }
      guard version.state == decision.from else {
        throw RolloutError(
          .stale, "version \(decision.version) is \(version.state.rawValue), not \(decision.from.rawValue)")
      }
      guard version.state.mayBecome(decision.to, byPerson: decision.actor != RolloutActor.controller.description)
      else {
        throw RolloutError(
          .refused, "version \(decision.version) cannot go from \(decision.from.rawValue) to \(decision.to.rawValue)")
      }
      if decision.from == .canary, decision.to == .canary, decision.shareInForce <= version.share {
        throw RolloutError(.refused, "the share of a canary only rises, and version \(decision.version) has it already")
      }
      if decision.to.isServing, decision.from != decision.to,
        let other = versions.first(where: { $0.state == decision.to })
      {
        throw RolloutError(.refused, "version \(other.number) is \(decision.to.rawValue) already")
      }
      versions.apply(decision, now: now)
    }
    return versions
  }
}

extension Array where Element == VersionFacts {
  mutating func apply(_ decision: RolloutDecision, now: Date) {
    guard let place = firstIndex(where: { $0.number == decision.version }) else { return }
    if decision.from != decision.to { self[place].since = now }
    if decision.from != decision.to || decision.shareInForce != self[place].share { self[place].sharedSince = now }
    self[place].share = decision.shareInForce
    self[place].state = decision.to
    if decision.confirms { self[place].isConfirmed = true }
    if decision.to == .stable { self[place].wasStable = true }
    if decision.to == .rolledBack { self[place].wasRolledBack = true }
  }
}
