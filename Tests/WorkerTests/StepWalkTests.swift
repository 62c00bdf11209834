import Testing
import Vocabulary
import Worker

/// Ranks that step through a stream that exists in numbers only.
private struct WalkingGroup {
  /// One rank: its machine, and what its partition holds.
  struct Rank {
    var machine: StepMachine
    /// Records that have come, that were taken, and that the group has agreed on.
    var arrived = 0
    var taken = 0
    var agreed = 0
    /// How often each record was learned.
    var learned: [Int]
    var hasStrangers = false
    var overflows = false
  }

  var ranks: [Rank]
  var random: SplitMix64
  let isReproducible: Bool
  let streamEnd: Int
  var step: Int64 = 0
  var wishes = ControlBoard().currentWishes

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    let size = 1 + Int(random.next() % 4)
    let isReproducible = random.next() % 2 == 0
    let every = Int64(1 + random.next() % 9)
    self.isReproducible = isReproducible
    streamEnd = Int(random.next() % 40)
    let records = streamEnd
    ranks = (0..<size).map { rank in
      Rank(
        machine: StepMachine(
          StepMachine.Rules(isLeader: rank == 0, isReproducible: isReproducible, checkpointSteps: every), step: 0),
        learned: [Int](repeating: 0, count: records))
    }
  }

  mutating func chance(_ one: UInt64) -> Bool { random.next() % one == 0 }

  /// One step of all ranks.
  ///
  /// - Returns: Why the generation ended; nil: it goes on.
  mutating func walk() throws -> GenerationEnd? {
    if chance(40) { wishes.paused.toggle() }
    if chance(400) { wishes.stop = true }
    if chance(400) { wishes.regroup = true }
    if chance(200) { wishes.stopsAtEnd = true }
    if wishes.stepLimit == nil, chance(300) { wishes.stepLimit = step + Int64(random.next() % 4) }
    let checkpointIsDue = chance(20)
    var (openings, flags): ([StepMachine.Opening], StepFlags) = ([], [])
    for place in ranks.indices {
      let opening = ranks[place].machine.open(
        wishes, step: step, hasHand: ranks[place].taken > ranks[place].agreed, checkpointIsDue: checkpointIsDue)
      openings.append(opening)
      flags.formUnion(ranks[place].machine.flags(for: fill(place, opening), opening))
    }
    // All decide alike, for what they decide by is what all agreed on.
    for (rank, opening) in zip(ranks, openings) {
      try #require(opening.isLight == openings[0].isLight && opening.gathers == openings[0].gathers)
      try #require(rank.machine.read(flags, opening) == ranks[0].machine.read(flags, openings[0]))
    }
    let outcome = ranks[0].machine.read(flags, openings[0]) ?? learn()
    if outcome == .learned { step += 1 }
    let halt: String? = outcome == .damaged || chance(2000) ? "halted" : nil
    var end: GenerationEnd?
    for place in ranks.indices {
      let verdict = ranks[place].machine.conclude(outcome, flags, openings[place], step: step, halt: halt)
      if place > 0 { try #require(verdict.end == end) }
      end = verdict.end
      if verdict.releasesHand {
        try #require(outcome == .learned)
        ranks[place].agreed = ranks[place].taken
      }
      if outcome == .renamed { ranks[place].hasStrangers = false }
      try #require(ranks[place].machine.course == ranks[0].machine.course)
    }
    try check(end, flags, halt: halt)
    return end
  }

  /// Takes what the opening says: a record at a time, or two.
  private mutating func fill(_ place: Int, _ opening: StepMachine.Opening) -> StepHand {
    if ranks[place].arrived < streamEnd, !chance(3) { ranks[place].arrived += 1 }
    var hand = StepHand()
    if case .fresh = opening.taking {
      precondition(ranks[place].taken == ranks[place].agreed, "taken anew with something in hand")
      let there = ranks[place].arrived - ranks[place].taken
      let isAtEnd = ranks[place].arrived == streamEnd && wishes.stopsAtEnd
      hand.isShort = isReproducible && there < 2 && !isAtEnd
      hand.hasBacklog = there >= 2
      if !hand.isShort { ranks[place].taken += min(2, there) }
      (ranks[place].hasStrangers, ranks[place].overflows) = (chance(10), chance(15))
    }
    hand.hasProgress = ranks[place].taken > ranks[place].agreed
    hand.isAtEnd = ranks[place].arrived == streamEnd && ranks[place].taken == streamEnd
    hand.hasStrangers = ranks[place].hasStrangers && hand.hasProgress
    hand.isDamaged = !opening.isLight && hand.hasProgress && chance(3000)
    return hand
  }

  private mutating func learn() -> StepOutcome {
    guard ranks.contains(where: { $0.taken > $0.agreed }) else { return .quiet }
    let overflows = ranks.contains { $0.overflows && $0.taken > $0.agreed }
    if overflows, ranks[0].machine.searchesOverflow { return .overflowed }
    for place in ranks.indices {
      for record in ranks[place].agreed..<ranks[place].taken { ranks[place].learned[record] += 1 }
      ranks[place].overflows = false
    }
    return .learned
  }

  /// An end has its reason.
  private func check(_ end: GenerationEnd?, _ flags: StepFlags, halt: String?) throws {
    switch end {
    case nil: break
    case .stopped: try #require(wishes.stop)
    case .regroup: try #require(wishes.regroup)
    case .halted: break
    case .finished:
      let isDrained = ranks.allSatisfy { $0.agreed == streamEnd }
      try #require(wishes.stepLimit.map { step >= $0 } ?? false || (wishes.stopsAtEnd && isDrained))
    }
  }
}

@Suite("Step walks")
struct StepWalkTests {
  /// Steps of all groups together.
  private static let steps = 1_000_000

  @Test(
    "a million steps at random: nothing is taken twice or let go of unlearned, all ranks decide alike, every end has its reason"
  )
  func walks() throws {
    var (taken, seed, learned, ends) = (0, UInt64(20261129), 0, [String: Int]())
    while taken < Self.steps {
      var group = WalkingGroup(seed: seed)
      do {
        var end: GenerationEnd?
        var steps = 0
        while end == nil, steps < 20_000 {
          end = try group.walk()
          steps += 1
        }
        taken += steps
        // A stream that ends comes to an end of some kind: the wishes see to it.
        #expect(end != nil, "seed \(seed)")
        // What was let go of was learned, each record once, and nothing else was.
        for rank in group.ranks {
          #expect(rank.learned.prefix(rank.agreed).allSatisfy { $0 == 1 }, "seed \(seed)")
          #expect(rank.learned.dropFirst(rank.agreed).allSatisfy { $0 == 0 }, "seed \(seed)")
        }
        learned += group.ranks.reduce(0) { $0 + $1.agreed }
        ends["\(end!)", default: 0] += 1
      } catch {
        Issue.record("seed \(seed): \(error)")
        throw error
      }
      seed += 1
    }
    // All kinds of ends were met, and records were learned.
    #expect(Set(ends.keys) == ["finished", "stopped", "regroup", "halted(\"halted\")"] && learned > 10_000, "\(ends)")
  }
}
