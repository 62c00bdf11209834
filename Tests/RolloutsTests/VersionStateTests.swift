import Rollouts
import Testing
import Vocabulary

@Suite("Version state machine")
struct VersionStateTests {
  /// The whole machine: what is not listed is refused.
  private static let transitions: [VersionState: [VersionState]] = [
    .candidate: [.validated, .rejected, .retired],
    .validated: [.canary, .stable, .rejected, .retired],
    .canary: [.stable, .rolledBack, .retired],
    .stable: [.stable, .retired, .rolledBack],
    .retired: [.stable, .retired, .rejected],
    .rejected: [],
    .rolledBack: [],
  ]

  @Test(
    "a person rejects what is not stable yet; of any other version it is said why not", arguments: VersionState.allCases
  )
  func reject(state: VersionState) throws {
    let versions = [version(1, state == .stable ? .retired : .stable), version(2, state)]
    guard state.isUndecided || state == .canary else {
      let error = #expect(throws: RolloutError.self) { try Rollout.reject(2, by: "ada", versions: versions) }
      let words: [VersionState: String] = [
        .stable: "'retrainctl rollback'", .retired: "retired", .rejected: "already", .rolledBack: "already",
      ]
      #expect(error?.code == .refused && error?.reason.contains(words[state] ?? "?") == true)
      return
    }
    let decisions = try Rollout.reject(2, by: "ada", why: "odd answers", versions: versions)
    #expect(lines(decisions) == ["2: \(state.rawValue) → rejected (person)"])
    #expect(decisions[0].reason == "Version 2 was rejected by ada (odd answers)." && decisions[0].actor == "person:ada")
    #expect(!decisions[0].promotes && !decisions[0].confirms && decisions[0].shareInForce == 0)
    let after = try Rollout.apply(decisions, to: versions, now: noon)
    #expect(after[1].state == .rejected && !state.mayBecome(.rejected, byPerson: false) == (state == .canary))
    #expect(throws: RolloutError.self) { try Rollout.reject(2, by: " ", versions: versions) }
    #expect(throws: RolloutError.self) { try Rollout.reject(9, by: "ada", versions: versions) }
  }

  @Test(
    "makes every listed transition and refuses every other", arguments: VersionState.allCases, VersionState.allCases)
  func transitions(from: VersionState, to: VersionState) throws {
    let isListed = try #require(Self.transitions[from]).contains(to)
    func result(_ actor: RolloutActor) -> Result<[VersionFacts], RolloutError> {
      let decision = RolloutDecision(
        version: 1, from: from, to: to, rule: .person, window: "", reason: "", actor: actor)
      return Result { () throws(RolloutError) in
        try Rollout.apply([decision], to: [version(1, from)], now: noon)
      }
    }
    switch result(.controller) {
    case .success(let versions):
      #expect(isListed)
      #expect(versions.first?.state == to)
      #expect(versions.first?.since == noon)
    case .failure(let error):
      #expect(!isListed)
      #expect(error.code == .refused)
    }
    let byPerson = (try? result(.person("ada")).get()) != nil
    #expect(byPerson == (isListed || to == .stable || from == .canary && to == .rejected))
  }

  @Test("remembers that a version was stable and that it was rolled back")
  func memory() throws {
    func decision(_ from: VersionState, _ to: VersionState) -> RolloutDecision {
      RolloutDecision(version: 1, from: from, to: to, rule: .person, window: "", reason: "", actor: .person("ada"))
    }
    let after = try Rollout.apply(
      [decision(.validated, .stable), decision(.stable, .rolledBack), decision(.rolledBack, .stable)],
      to: [version(1, .validated)], now: noon)
    #expect(after.first?.wasStable == true)
    #expect(after.first?.wasRolledBack == true)
  }

  @Test("refuses a second stable version, a second canary, an unknown version and a state that has moved on")
  func conflicts() {
    func code(_ from: VersionState, _ to: VersionState, _ versions: [VersionFacts]) -> RolloutError.Code? {
      let decision = RolloutDecision(
        version: 2, from: from, to: to, rule: .pairedLoss, window: "", reason: "", actor: .controller)
      do {
        _ = try Rollout.apply([decision], to: versions, now: noon)
        return nil
      } catch { return error.code }
    }
    #expect(code(.validated, .stable, [version(1, .stable), version(2, .validated)]) == .refused)
    #expect(code(.validated, .canary, [version(1, .canary), version(2, .validated)]) == .refused)
    #expect(code(.validated, .stable, [version(1, .stable)]) == .unknownVersion)
    #expect(code(.validated, .stable, [version(2, .rejected)]) == .stale)
    #expect(code(.validated, .stable, [version(1, .retired), version(2, .validated)]) == nil)
  }
}

@Suite("A person's decisions")
struct PersonTests {
  @Test(
    "a person promotes any version by name, and the stable one makes room",
    arguments: VersionState.allCases.filter { $0 != .stable })
  func promote(state: VersionState) throws {
    let versions = [version(1, .stable), version(2, state)]
    let decisions = try Rollout.promote(2, by: "ada", versions: versions)
    #expect(
      lines(decisions) == ["1: stable → retired (replaced)", "2: \(state.rawValue) → stable (person)"])
    #expect(decisions.allSatisfy { $0.actor == "person:ada" })
    #expect(decisions.last?.reason == "Version 2 was promoted by ada.")
    let after = try Rollout.apply(decisions, to: versions, now: noon)
    #expect(after.map(\.state) == [.retired, .stable])
  }

  @Test("a promotion is refused without a name, for an unknown version and for the stable one")
  func refusedPromotions() {
    let versions = [version(1, .stable)]
    #expect(throws: RolloutError.self) { try Rollout.promote(1, by: "ada", versions: versions) }
    #expect(throws: RolloutError.self) { try Rollout.promote(9, by: "ada", versions: versions) }
    #expect(throws: RolloutError.self) {
      try Rollout.promote(2, by: " ", versions: versions + [version(2, .candidate)])
    }
  }

  @Test("a person's rollback returns to the newest version that was stable and never rolled back")
  func rollBack() throws {
    let versions = [
      version(1, .retired), version(2, .retired, wasRolledBack: true), version(3, .retired, wasStable: false),
      version(4, .stable),
    ]
    let decisions = try Rollout.rollBack(by: "ada", why: "complaints from Lisbon", versions: versions)
    #expect(lines(decisions) == ["4: stable → rolled_back (person)", "1: retired → stable (rollback_target)"])
    #expect(
      decisions.first?.reason
        == "Version 4 was rolled back by ada (complaints from Lisbon); version 1 returns.")
    #expect(decisions.first?.actor == "person:ada")
  }

  @Test("a rollback is refused without a name, a stable version or a version to return to")
  func refusedRollbacks() {
    #expect(throws: RolloutError.self) {
      try Rollout.rollBack(by: "", versions: [version(1, .retired), version(2, .stable)])
    }
    #expect(throws: RolloutError.self) { try Rollout.rollBack(by: "ada", versions: [version(1, .retired)]) }
    #expect(throws: RolloutError.self) {
      try Rollout.rollBack(by: "ada", versions: [version(1, .rolledBack), version(2, .stable)])
    }
  }

  @Test("what a person promoted stays: the rules judge newer versions against it")
  func respected() throws {
    let versions = [version(1, .rolledBack), version(2, .stable), version(3, .candidate)]
    let after = try Rollout.apply(
      Rollout.promote(1, by: "ada", versions: versions), to: versions, now: noon)
    #expect(
      Rollout.decide(
        versions: after, evidence: [3: compared(mean: -0.05, with: 2)], policy: RolloutPolicy(), now: noon
      ).isEmpty)
  }
}
