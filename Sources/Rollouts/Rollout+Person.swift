extension Rollout {
  /// A person makes `version` stable, whatever its state: also one that was rejected or rolled back. One that serves on watch is
  /// confirmed.
  ///
  /// - Parameters:
  ///   - name: Who asks; goes into the journal.
  ///   - freeze: That holds; the person does not know of it, or does not say so.
  /// - Throws: `RolloutError`: nobody named, an unknown version, one that is stable already, or a freeze.
  public static func promote(
    _ version: Int64, by name: String, versions: [VersionFacts], freeze: Freeze? = nil
  ) throws(RolloutError) -> [RolloutDecision] {
    let actor = try person(name)
    guard let facts = versions.first(where: { $0.number == version }) else {
      throw RolloutError(.unknownVersion, "there is no version \(version)")
    }
    if facts.state == .stable, !facts.isConfirmed {
      return [
        RolloutDecision(
          version: version, from: .stable, to: .stable, rule: .person, window: "by hand",
          reason: "Version \(version) was confirmed by \(name).", actor: actor)
      ]
    }
    guard facts.state != .stable else { throw RolloutError(.refused, "version \(version) is stable already") }
    if let freeze { throw RolloutError(.refused, "nothing is promoted, \(freeze.sentence)") }
    return promotionDecisions(
      of: facts, among: versions, rule: .person, window: "by hand", reason: "was promoted by \(name)", actor: actor)
  }

  /// A person rolls the stable version back to the newest one that was confirmed and never rolled back.
  ///
  /// - Parameters:
  ///   - name: Who asks; goes into the journal.
  ///   - why: The person's own words, for the journal; may be empty.
  /// - Throws: `RolloutError`: nobody named, no stable version, or none to return to.
  public static func rollBack(
    by name: String, why: String = "", versions: [VersionFacts]
  ) throws(RolloutError) -> [RolloutDecision] {
    let actor = try person(name)
    guard let stable = versions.first(where: { $0.state == .stable }) else {
      throw RolloutError(.refused, "no version is stable")
    }
    guard lastConfirmed(among: versions) != nil else {
      throw RolloutError(.refused, "there is no earlier version to return to from version \(stable.number)")
    }
    return returnDecisions(
      from: stable, among: versions, rule: .person, window: "by hand",
      reason: "was rolled back by \(name)" + (why.isEmpty ? "" : " (\(why))"), actor: actor)
  }

  /// A person rejects a version that does not serve yet, or serves a share as the canary: it never serves, or never again, unless a
  /// person promotes it by name.
  ///
  /// - Parameters:
  ///   - name: Who asks; goes into the journal.
  ///   - why: The person's own words, for the journal; may be empty.
  /// - Throws: `RolloutError`: nobody named, an unknown version, or one that nothing is to be rejected of.
  public static func reject(
    _ version: Int64, by name: String, why: String = "", versions: [VersionFacts]
  ) throws(RolloutError) -> [RolloutDecision] {
    let actor = try person(name)
    guard let facts = versions.first(where: { $0.number == version }) else {
      throw RolloutError(.unknownVersion, "there is no version \(version)")
    }
    func refuse(_ reason: String) -> RolloutError { RolloutError(.refused, "version \(version) \(reason)") }
    switch facts.state {
    case .candidate, .validated, .canary: break
    case .stable: throw refuse("is stable: 'retrainctl rollback' returns from it to the version before")
    case .retired: throw refuse("is retired: it has made room already, and nothing is decided about it any more")
    case .rejected: throw refuse("is rejected already")
    case .rolledBack: throw refuse("was rolled back already, and serves only if a person promotes it")
    }
    return [
      RolloutDecision(
        version: version, from: facts.state, to: .rejected, rule: .person, window: "by hand",
        reason: "Version \(version) was rejected by \(name)" + (why.isEmpty ? "." : " (\(why))."), actor: actor)
    ]
  }

  private static func person(_ name: String) throws(RolloutError) -> RolloutActor {
    guard name.contains(where: { !$0.isWhitespace }) else { throw RolloutError(.nobody, "nobody is named") }
    return .person(name)
  }
}
