import Testing
import Vocabulary
import Worker

@Suite("Step machine")
struct StepMachineTests {
  private static func machine(isLeader: Bool = true, isReproducible: Bool = false, every: Int64 = 100) -> StepMachine {
    StepMachine(
      StepMachine.Rules(isLeader: isLeader, isReproducible: isReproducible, checkpointSteps: every), step: 0)
  }

  private static func wishes(_ change: (inout ControlBoard.Wishes) -> Void = { _ in }) -> ControlBoard.Wishes {
    let board = ControlBoard()
    board.wish(change)
    return board.currentWishes
  }

  /// What the flags of a step make of it, one way after another.
  struct Way: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// United flags and outcomes of the steps before.
    var before: [(StepFlags, StepOutcome)] = []
    var hasHand = false
    var taking: StepMachine.Taking
    var isLight: Bool
    var gathers = false
  }

  static let ways = [
    Way(
      testDescription: "the first step asks whether anybody has anything", taking: .fresh(waits: true), isLight: true),
    Way(
      testDescription: "once somebody has, all learn, and those with nothing in hand take at once",
      before: [([.hasRecords], .called)], taking: .fresh(waits: false), isLight: false),
    Way(
      testDescription: "who said so offers what it has", before: [([.hasRecords], .called)], hasHand: true,
      taking: .same,
      isLight: false),
    Way(
      testDescription: "after a step that was learned comes the next", before: [([.hasRecords], .learned)],
      taking: .fresh(waits: true), isLight: false),
    Way(
      testDescription: "after one of nothing the group asks again", before: [([], .learned), ([], .quiet)],
      taking: .fresh(waits: true), isLight: true),
    Way(
      testDescription: "a void step leaves the hand as it is", before: [([.incomplete], .void)], hasHand: true,
      taking: .same, isLight: true),
    Way(
      testDescription: "who was short tries again", before: [([.incomplete], .void)], taking: .fresh(waits: true),
      isLight: true),
    Way(
      testDescription: "found classes: the same records again", before: [([], .learned), ([.newClasses], .renamed)],
      hasHand: true, taking: .same, isLight: false),
    Way(
      testDescription: "a sum that is not finite is searched", before: [([], .learned), ([], .overflowed)],
      hasHand: true,
      taking: .searched, isLight: false),
    Way(
      testDescription: "also by who has nothing: nobody takes anew", before: [([], .learned), ([], .overflowed)],
      taking: .searched, isLight: false),
    Way(
      testDescription: "in a pause nothing is taken or offered", before: [([.paused, .hasRecords], .called)],
      hasHand: true, taking: .none, isLight: true),
    Way(
      testDescription: "after it what was in hand still is",
      before: [([.hasRecords], .called), ([.paused], .void), ([.paused], .quiet), ([], .quiet)], hasHand: true,
      taking: .same, isLight: true),
    Way(
      testDescription: "a search that a pause came into goes on",
      before: [([], .learned), ([.paused], .overflowed), ([], .quiet), ([.hasRecords], .called)], hasHand: true,
      taking: .searched, isLight: false),
    Way(
      testDescription: "the leader's interval: the next step gathers", before: [([.checkpointDue], .quiet)],
      taking: .fresh(waits: true), isLight: true, gathers: true),
    Way(
      testDescription: "the end: one more step gathers, and offers nothing", before: [([.stop], .learned)],
      hasHand: true,
      taking: .none, isLight: true, gathers: true),
  ]

  @Test("what was agreed says what to take, and whether gradients are exchanged", arguments: ways)
  func opening(_ way: Way) {
    var machine = Self.machine()
    for (flags, outcome) in way.before {
      let opening = machine.open(Self.wishes(), step: 0, hasHand: way.hasHand, checkpointIsDue: false)
      _ = machine.conclude(outcome, flags, opening, step: 0)
    }
    let opening = machine.open(Self.wishes(), step: 0, hasHand: way.hasHand, checkpointIsDue: false)
    #expect(opening.taking == way.taking)
    #expect(opening.isLight == way.isLight)
    #expect(opening.gathers == way.gathers)
  }

  @Test(
    "flags of all ranks say what becomes of a step",
    arguments: [
      ([], true, .quiet), ([.hasRecords], true, .called), ([.hasRecords, .incomplete], true, .void),
      ([.hasRecords], false, nil), ([.hasRecords, .newClasses], false, .renamed),
      ([.hasRecords, .notFinite], false, .overflowed), ([.hasRecords, .notFinite, .newClasses], false, .renamed),
      ([.hasRecords, .newClasses, .incomplete], false, .void), ([.incomplete, .damaged], false, .damaged),
      ([], false, nil),
    ] as [(StepFlags, Bool, StepOutcome?)])
  func reading(_ flags: StepFlags, _ isLight: Bool, _ outcome: StepOutcome?) {
    let machine = Self.machine()
    var opening = machine.open(Self.wishes(), step: 0, hasHand: false, checkpointIsDue: false)
    opening.isLight = isLight
    #expect(machine.read(flags, opening) == outcome)
  }

  @Test(
    "every end has its reason, and comes after a step that saves, but for those that save nothing",
    arguments: [
      ([.stop], .learned, nil, .stopped), ([.limitReached], .quiet, nil, .finished),
      ([.lastStep], .learned, nil, .finished),
      ([.lastStep], .overflowed, nil, nil), ([.lastStep], .called, nil, nil), ([.stopsAtEnd], .quiet, nil, .finished),
      ([.stopsAtEnd, .notAtEnd], .quiet, nil, nil), ([.stopsAtEnd, .paused], .quiet, nil, nil),
      ([.stopsAtEnd], .void, nil, nil), ([], .learned, "too many", .halted("too many")),
      ([.stop], .learned, "too many", .halted("too many")), ([], .quiet, nil, nil),
    ] as [(StepFlags, StepOutcome, String?, GenerationEnd?)])
  func ends(_ flags: StepFlags, _ outcome: StepOutcome, _ halt: String?, _ end: GenerationEnd?) {
    var machine = Self.machine()
    let opening = machine.open(Self.wishes(), step: 0, hasHand: false, checkpointIsDue: false)
    #expect(machine.conclude(outcome, flags, opening, step: 1, halt: halt).end == nil)
    #expect(machine.course == (end.map { .ending($0) } ?? (flags.contains(.paused) ? .paused : .running)))
    guard let end else { return }
    let last = machine.open(Self.wishes(), step: 1, hasHand: true, checkpointIsDue: false)
    #expect(last.gathers && last.taking == .none)
    let verdict = machine.conclude(.quiet, [], last, step: 1)
    #expect(verdict.end == end && verdict.saves && !verdict.releasesHand)
  }

  @Test("members that wait and a damaged model end the generation at once, the second without saving")
  func endsAtOnce() {
    var machine = Self.machine()
    let opening = machine.open(Self.wishes(), step: 0, hasHand: false, checkpointIsDue: false)
    #expect(machine.conclude(.learned, [.regroup], opening, step: 1).end == .regroup)
    machine = Self.machine(every: 1)
    let called = machine.open(Self.wishes(), step: 0, hasHand: true, checkpointIsDue: false)
    _ = machine.conclude(.called, [.hasRecords], called, step: 0)
    let gathering = machine.open(Self.wishes(), step: 0, hasHand: true, checkpointIsDue: false)
    #expect(gathering.gathers)
    let verdict = machine.conclude(.damaged, [.damaged], gathering, step: 0, halt: "damaged")
    #expect(verdict.end == .halted("damaged") && !verdict.saves && !verdict.releasesHand)
  }

  @Test("what is searched and overflows again is given up: a step is made three times at most")
  func givesUp() {
    var machine = Self.machine()
    #expect(machine.searchesOverflow)
    let opening = machine.open(Self.wishes(), step: 0, hasHand: true, checkpointIsDue: false)
    _ = machine.conclude(.overflowed, [], opening, step: 0)
    #expect(!machine.searchesOverflow)
    #expect(
      machine.read([.notFinite], machine.open(Self.wishes(), step: 0, hasHand: true, checkpointIsDue: false)) == nil)
    _ = machine.conclude(.learned, [], opening, step: 1)
    #expect(machine.searchesOverflow)
  }

  @Test(
    "the turn moves on with what is learned and what is not there; in reproducible mode it follows from the step again")
  func turns() {
    for isReproducible in [false, true] {
      var machine = Self.machine(isReproducible: isReproducible)
      func conclude(_ outcomes: [StepOutcome]) -> Int64 {
        for outcome in outcomes {
          let opening = machine.open(Self.wishes(), step: 7, hasHand: false, checkpointIsDue: false)
          _ = machine.conclude(outcome, [], opening, step: 7)
        }
        return machine.turn(step: 7)
      }
      #expect(conclude([.called, .void, .renamed, .overflowed]) == 7)
      #expect(conclude([.quiet, .quiet]) == 9)
      #expect(conclude([.learned]) == (isReproducible ? 7 : 9))
    }
  }

  @Test("a hand says what it is: only the leader speaks of the pipeline, and nobody of records that are not offered")
  func flags() {
    let wish = Self.wishes { ($0.paused, $0.regroup, $0.stopsAtEnd, $0.stepLimit) = (true, true, true, 1) }
    let leader = Self.machine().open(wish, step: 0, hasHand: false, checkpointIsDue: true)
    #expect(leader.flags == [.paused, .regroup, .stopsAtEnd, .lastStep, .checkpointDue])
    let other = Self.machine(isLeader: false).open(wish, step: 0, hasHand: false, checkpointIsDue: true)
    #expect(other.flags == [])
    var hand = StepHand()
    (hand.hasProgress, hand.hasStrangers, hand.isAtEnd) = (true, true, true)
    #expect(Self.machine().flags(for: hand, other) == [.hasRecords, .notAtEnd])
    var whole = other
    whole.isLight = false
    #expect(Self.machine().flags(for: hand, whole) == [.hasRecords, .notAtEnd, .newClasses])
    whole.taking = .none
    #expect(Self.machine().flags(for: hand, whole) == [.notAtEnd])
  }
}
