import Evaluation
public import Foundation
import Vocabulary

/// The rules by which versions move: a pure function of state, evidence and time. See `VersionState` for the machine.
///
/// Decisions are to be applied in the order given, all or none: the stable version makes room before another takes its
/// place.
public enum Rollout {
  /// What is to be done now; nothing, most of the time.
  ///
  /// 1. A stable version with a non-finite number is rolled back at once, one that answers live requests badly or whose own pairs
  ///    are worse than those of the version it would make room for as well, and nothing is promoted in the same look: the
  ///    comparisons were with it. One on watch is confirmed once its own pairs are as good as those of the version confirmed
  ///    last, and rolled back also where they are worse on a slice alone; until a version was promoted by its own pairs, no other
  ///    is let in by the trend then.
  /// 2. The canary is rolled back if its evidence fails; where it passes, and has been held at its share for long enough, it gets
  ///    the next larger one, and after the last it becomes stable.
  /// 3. Candidates and validated versions are rejected if their evidence fails. The newest one that passes is validated
  ///    and goes on to canary or stable. In the fast lane the learner's trend may make it stable before, on watch.
  /// 4. An undecided version is retired as superseded if a newer one is on its way or stable, or has gathered as much
  ///    evidence (one with less leaves it alone). One is also, and a canary as well, if its pairs have not said anything for far
  ///    more of them than are needed, or for `durationMax`.
  ///
  /// While it is frozen, and until `coolDown` is over after a rollback, nothing goes on to canary, a larger share or stable: what
  /// passes is validated and waits. What serves is watched and rolled back all the same.
  ///
  /// - Parameters:
  ///   - versions: All of the pipeline, in any order; at most one stable and one canary.
  ///   - isFrozen: Something else than these versions is wrong, for which nothing may be promoted, but for those that it does not
  ///     touch (`apart`).
  ///   - returnsFor: Why the version that serves has to make room for the one before it, as the end of a sentence that begins with
  ///     "version N"; nothing is done where there is none, or it answers no better. nil: it has not to.
  public static func decide(
    versions: [VersionFacts], evidence: [Int64: CandidateEvidence], policy: RolloutPolicy, isFrozen: Bool = false,
    apart: Set<Int64> = [], returnsFor: String? = nil, now: Date
  ) -> [RolloutDecision] {
    var look = Look(
      versions: versions, evidence: evidence, policy: policy, isFrozen: isFrozen, apart: apart, now: now)
    look.watchStable()
    look.watchConfirming()
    if let returnsFor { look.returnStable(returnsFor) }
    look.watchCanary()
    look.rejectFailures()
    look.advanceNewest()
    look.retireSuperseded()
    return look.decisions
  }
}

/// One look at the pipeline: the versions as the decisions so far would leave them.
private struct Look {
  var versions: [VersionFacts]
  let evidence: [Int64: CandidateEvidence]
  let policy: RolloutPolicy
  let isFrozen: Bool
  let apart: Set<Int64>
  let now: Date
  var decisions: [RolloutDecision] = []
  var hasRolledBackStable = false

  init(
    versions: [VersionFacts], evidence: [Int64: CandidateEvidence], policy: RolloutPolicy, isFrozen: Bool,
    apart: Set<Int64>, now: Date
  ) {
    self.versions = versions.sorted { $0.number > $1.number }
    self.evidence = evidence
    self.policy = policy
    self.isFrozen = isFrozen
    self.apart = apart
    self.now = now
  }

  private var stable: VersionFacts? { versions.first { $0.state == .stable } }
  private var anchor: VersionFacts? { Rollout.anchor(among: versions) }
  private var canary: VersionFacts? { versions.first { $0.state == .canary } }
  private func mayPromote(_ version: VersionFacts) -> Bool {
    (!isFrozen || apart.contains(version.number)) && !hasRolledBackStable
      && (Rollout.coolsUntil(versions, policy).map { $0 <= now } ?? true)
  }

  private func judgement(of version: VersionFacts) -> Judgement {
    Rollout.judge(evidence[version.number] ?? CandidateEvidence(), anchor: anchor?.number, policy: policy)
  }

  private mutating func take(_ decided: [RolloutDecision]) {
    decisions += decided
    for decision in decided { versions.apply(decision, now: now) }
  }

  /// - Parameters:
  ///   - rule: nil: the judgement's.
  ///   - reason: nil: the judgement's, of the version.
  private mutating func move(
    _ version: VersionFacts, to state: VersionState, _ judgement: Judgement, rule: RolloutRule? = nil,
    because reason: String? = nil, share: Double? = nil
  ) {
    take([
      RolloutDecision(
        version: version.number, from: version.state, to: state, rule: rule ?? judgement.rule,
        observed: judgement.observed, threshold: judgement.threshold, window: judgement.window,
        reason: "Version \(version.number) \(reason ?? judgement.reason).", actor: .controller, share: share)
    ])
  }

  /// One that serves, or served, on watch is as good as the version confirmed before it.
  private mutating func confirm(_ version: VersionFacts, _ judgement: Judgement) {
    move(version, to: version.state, judgement, because: judgement.reason + ", and is confirmed")
  }

  mutating func watchStable() {
    guard let stable else { return }
    if let judgement = evidence[stable.number].flatMap(Rollout.judgeNonFinite) { return leave(stable, judgement) }
    // Where there is no other version, answers that fail now and then are better than none.
    if let judgement = evidence[stable.number].flatMap(Rollout.judgeServing),
      let target = Rollout.rollbackTarget(among: versions), evidence[target.number]?.isNonFinite != true
    {
      return leave(stable, judgement)
    }
    if let judgement = evidence[stable.number].flatMap({ Rollout.judgeOwnHealth($0, of: stable.number) }),
      let target = Rollout.rollbackTarget(among: versions), isBetter(target, than: stable)
    {
      return leave(stable, judgement)
    }
    guard !stable.isConfirmed else { return holdAgainstTarget(stable) }
    guard let anchor, anchor.number != stable.number, let own = evidence[stable.number] else { return }
    let judgement = Rollout.judgePairs(own, anchor: anchor.number, policy: policy, serves: true)
    switch judgement.verdict {
    case .fail: leave(stable, judgement)
    case .pass: confirm(stable, judgement)
    // It serves before it was found as good, and is known not to be on a slice.
    case .inconclusive where judgement.rule == .slice: leave(stable, judgement)
    case .inconclusive, .error: break
    }
  }

  /// One that served on watch, and made room for a newer one, before it could be confirmed.
  mutating func watchConfirming() {
    guard !hasRolledBackStable, let anchor, let version = Rollout.confirming(among: versions),
      version.state == .retired
    else { return }
    let judgement = judgement(of: version)
    switch judgement.verdict {
    case .pass: return confirm(version, judgement)
    case .inconclusive where judgement.rule != .slice && weight(version) < policy.pairsMax: return
    case .fail, .inconclusive, .error: break
    }
    move(
      version, to: .rejected, judgement,
      rule: judgement.verdict == .fail || judgement.rule == .slice ? nil : .undecided,
      because: "is not held against version \(anchor.number) any more: it \(judgement.reason)")
  }

  /// What was confirmed may grow old faster than what was before it.
  private mutating func holdAgainstTarget(_ stable: VersionFacts) {
    guard let target = Rollout.rollbackTarget(among: versions), let theirs = evidence[target.number],
      !theirs.isNonFinite,
      let judgement = Rollout.judgeTarget(theirs, target: target.number, stable: stable.number, policy)
    else { return }
    leave(stable, judgement)
  }

  private mutating func leave(_ stable: VersionFacts, _ judgement: Judgement) {
    // A target known to be as broken would be rolled back at the next look.
    let sound = versions.filter { evidence[$0.number]?.isNonFinite != true || $0.number == stable.number }
    hasRolledBackStable = true
    take(
      Rollout.returnDecisions(
        from: stable, among: sound, rule: judgement.rule, observed: judgement.observed,
        threshold: judgement.threshold, window: judgement.window, reason: judgement.reason, actor: .controller))
  }

  /// Whether the way back leads to something better, as far as anybody can tell: where all versions answer worse, it is the stream
  /// that has changed.
  private func isBetter(_ target: VersionFacts, than stable: VersionFacts) -> Bool {
    let theirs = evidence[target.number]
    if theirs?.isNonFinite == true { return false }
    if let theirs, theirs.comparedWith == stable.number, let pairs = theirs.comparison, pairs.count > 0 {
      return pairs.mean < 0
    }
    if let own = evidence[stable.number], own.comparedWith == target.number, let pairs = own.comparison, pairs.count > 0
    {
      return pairs.mean > 0
    }
    return true
  }

  /// A health rule wants the version before.
  mutating func returnStable(_ reason: String) {
    guard !hasRolledBackStable, let stable, let target = Rollout.rollbackTarget(among: versions),
      isBetter(target, than: stable)
    else { return }
    hasRolledBackStable = true
    take(
      Rollout.returnDecisions(
        from: stable, among: versions, rule: .health, window: "its answers in the newest window", reason: reason,
        actor: .controller))
  }

  mutating func watchCanary() {
    guard let canary else { return }
    let judgement = judgement(of: canary)
    if isCondemned(judgement) {
      move(canary, to: .rolledBack, judgement)
    } else if judgement.verdict == .pass, mayPromote(canary),
      now.timeIntervalSince(canary.sharedSince) >= (policy.warmUp + policy.hold).seconds
    {
      let evidence = evidence[canary.number] ?? CandidateEvidence()
      guard Rollout.obstacle(canary, evidence, policy: policy) == nil else { return }
      let basis = Rollout.basis(evidence)
      guard let next = policy.canary.first(where: { $0 > canary.share }) else {
        return makeStable(canary, judgement, basis)
      }
      share(canary, next, rule: .canaryStep, judgement, basis)
    }
  }

  private mutating func share(
    _ version: VersionFacts, _ share: Double, rule: RolloutRule, _ judgement: Judgement, _ basis: String = ""
  ) {
    let gets = "gets \(Rollout.short(share * 100)) % of live requests"
    move(
      version, to: .canary, judgement, rule: rule, because: "\(gets): it \(judgement.reason)\(basis)",
      share: share)
  }

  mutating func rejectFailures() {
    for version in versions where version.state.isUndecided {
      let judgement = judgement(of: version)
      if isCondemned(judgement) { move(version, to: .rejected, judgement) }
    }
  }

  /// Losses were compared with a version that may just have been rolled back; non-finite numbers and health stand
  /// alone.
  private func isCondemned(_ judgement: Judgement) -> Bool {
    judgement.verdict == .fail && (!hasRolledBackStable || [.nonFinite, .health].contains(judgement.rule))
  }

  mutating func advanceNewest() {
    guard !hasRolledBackStable else { return }
    let newestServing = max(stable?.number ?? 0, canary?.number ?? 0)
    for version in versions where version.state.isUndecided && version.number > newestServing {
      var judgement = judgement(of: version)
      // What is worse on a slice is known to be, whatever the learner's trend.
      if judgement.verdict == .inconclusive, judgement.rule != .slice, policy.lane == .fast, let anchor,
        Rollout.mistrusted(among: versions) == nil
      {
        judgement = Rollout.judgeTrend(
          evidence[version.number] ?? CandidateEvidence(), anchor: anchor.number, policy: policy)
      }
      guard judgement.verdict == .pass else { continue }
      var version = version
      if version.state == .candidate {
        move(version, to: .validated, judgement)
        version.state = .validated
      }
      guard mayPromote(version) else {
        if apart.isEmpty { return }
        continue
      }
      // Without a stable version there is nothing to hold a canary against.
      guard let first = policy.canary.first, stable != nil, judgement.rule != .trend else {
        makeStable(version, judgement)
        return
      }
      if canary == nil { share(version, first, rule: judgement.rule, judgement) }
      return
    }
  }

  private mutating func makeStable(_ version: VersionFacts, _ judgement: Judgement, _ basis: String = "") {
    take(
      Rollout.promotionDecisions(
        of: version, among: versions, rule: judgement.rule, observed: judgement.observed,
        threshold: judgement.threshold, window: judgement.window, reason: judgement.reason + basis,
        actor: .controller))
  }

  mutating func retireSuperseded() {
    guard !hasRolledBackStable else { return }
    for version in versions where version.state.isUndecided || version.state == .canary {
      // Newest first, so each has its newer ones already settled.
      guard let newer = versions.first(where: { supersedes($0, version) }) else {
        retireUndecided(version)
        continue
      }
      take([
        RolloutDecision(
          version: version.number, from: version.state, to: .retired, rule: .superseded,
          window: Rollout.window(evidence[version.number]?.records ?? 0),
          reason:
            "Version \(version.number) was superseded by version \(newer.number), which is \(newer.state.rawValue).",
          actor: .controller)
      ])
    }
  }

  /// The next one may say more. In the fast lane one that does not look good soon is not waited for: the next is fresher.
  private mutating func retireUndecided(_ version: VersionFacts) {
    guard policy.onInconclusive == .retire else { return }
    var judgement = judgement(of: version)
    let isLate = policy.durationMax.map { now.timeIntervalSince(version.since) >= $0.seconds } ?? false
    guard judgement.verdict == .inconclusive else {
      if isLate, judgement.verdict == .pass { retireUnasked(version, judgement) }
      return
    }
    if !isLate, weight(version) < policy.pairsMax {
      guard version.state.isUndecided, let passedOver = firstLook(at: version) else { return }
      judgement = passedOver
    }
    move(
      version, to: .retired, judgement, rule: .undecided,
      because: "makes room for a newer one: it \(judgement.reason)")
  }

  /// A canary that nobody asks, or that is asked otherwise than it should be, is undecided however good its pairs are.
  private mutating func retireUnasked(_ version: VersionFacts, _ judgement: Judgement) {
    guard version.state == .canary,
      let obstacle = Rollout.obstacle(version, evidence[version.number] ?? CandidateEvidence(), policy: policy)
    else { return }
    move(
      version, to: .retired, judgement, rule: .undecided,
      because: "makes room for a newer one: it \(judgement.reason), but \(obstacle)")
  }

  private func firstLook(at version: VersionFacts) -> Judgement? {
    guard policy.lane == .fast, let anchor, let evidence = evidence[version.number] else { return nil }
    return Rollout.judgeFirstLook(evidence, anchor: anchor.number, policy: policy)
  }

  private func supersedes(_ newer: VersionFacts, _ older: VersionFacts) -> Bool {
    guard newer.number > older.number else { return false }
    switch newer.state {
    case .stable: return true
    case .canary, .validated: return older.state.isUndecided
    case .candidate: return older.state.isUndecided && weight(newer) >= weight(older)
    case .retired, .rejected, .rolledBack: return false
    }
  }

  /// How much evidence there is: pairs with the version confirmed last, or records where there is none.
  private func weight(_ version: VersionFacts) -> Int64 {
    guard let evidence = evidence[version.number] else { return 0 }
    guard let anchor else { return evidence.records }
    return evidence.pairs(with: anchor.number)?.count ?? 0
  }
}
