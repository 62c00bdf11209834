/// The decisions of a rank's steps, apart from their work: wishes, what is in hand and what was agreed go in; what to take, what
/// to say and what follows come out. A value, without clock or I/O, so that every way through it can be walked.
///
/// A step is opened (`open`), the hand is filled as that says, its flags are made of it (`flags(for:)`), all ranks' flags are
/// united in the exchange and read (`read`), and what came of it is concluded (`conclude`). Everything that is kept here comes
/// out of agreed exchanges, so it is the same on every rank; only the hand is each rank's own.
///
/// **The hand** is what a rank has taken from its partitions and the group has not agreed on. It is let go of in one way only:
/// the group learned it. A pause, a step that is void, a step made again leave it as it is.
///
/// **Light steps.** As long as there was nothing to learn, ranks exchange envelopes without gradients, in which whoever has
/// records says so; then everybody makes a whole step. So a quiet stream costs a few bytes.
package struct StepMachine: Sendable, Equatable {
  /// What does not change in a generation.
  package struct Rules: Sendable, Equatable {
    package var isLeader: Bool
    /// Steps wait for full shares.
    package var isReproducible: Bool
    /// Steps from one checkpoint to the next, at most.
    package var checkpointSteps: Int64

    package init(isLeader: Bool, isReproducible: Bool, checkpointSteps: Int64) {
      (self.isLeader, self.isReproducible, self.checkpointSteps) = (isLeader, isReproducible, checkpointSteps)
    }
  }

  /// Where the group is going.
  package enum Course: Sendable, Equatable {
    case running
    /// Nobody takes or offers records.
    case paused
    /// One more step gathers what is to be saved.
    case ending(GenerationEnd)
  }

  /// What was agreed of the records in hand.
  package enum Attempt: Sendable, Equatable {
    case first
    /// Whoever has something in hand offers it again, others take anew.
    case again
    /// What they give was not finite, somewhere or in sum: each rank searches its own, so that it does not matter who held which,
    /// and nobody takes anew. If that does not help, they are given up.
    case searching
  }

  /// What a rank does about records.
  package enum Taking: Sendable, Equatable {
    /// Nothing is taken, nothing offered.
    case none
    /// What is in hand, as it is.
    case same
    /// What is in hand, searched for what makes its sum overflow; it may be nothing.
    case searched
    /// A new share.
    case fresh(waits: Bool)
  }

  package struct Opening: Sendable, Equatable {
    package var flags: StepFlags
    package var taking: Taking
    /// So is every step in which nothing is taken. Envelopes are exchanged, and no gradients.
    package var isLight: Bool
    /// Health goes into the envelopes, and the state is saved after the step.
    package var gathers: Bool
  }

  /// What follows from a step.
  package struct Verdict: Sendable, Equatable {
    /// The hand is learned: it is let go of.
    package var releasesHand = false
    /// What was gathered is saved, and a new window begins.
    package var saves = false
    package var end: GenerationEnd?
  }

  package let rules: Rules
  package private(set) var course = Course.running
  package private(set) var attempt = Attempt.first
  /// The last step was of nothing: for lack of records, or of full shares.
  package private(set) var isQuiet = true
  /// Of the last step: some rank was short of a full share, for which all wait.
  package private(set) var isWaiting = false
  /// Somebody has a backlog, so nobody waits for quiet partitions.
  package private(set) var isCatchingUp = false
  /// The last step said that somebody has records: others take what they have, at once.
  package private(set) var isCalled = false
  private var checkpointIsDue = false
  private var lastCheckpointStep: Int64
  /// Steps that found nothing: of this generation or, where steps wait for full shares, since the last that was learned, so that
  /// the turn follows from the step and what the stream still has.
  private var quietTurns: Int64 = 0

  /// - Parameter step: The state's, when the generation begins.
  package init(_ rules: Rules, step: Int64) {
    self.rules = rules
    lastCheckpointStep = step
  }

  /// Counts what is dealt over partitions in turn: with each step that was learned, and with each that found nothing.
  package func turn(step: Int64) -> Int64 { step + quietTurns }

  /// Begins a step.
  ///
  /// - Parameters:
  ///   - step: Steps learned.
  ///   - hasHand: Something is in hand.
  ///   - checkpointIsDue: The leader's interval has passed.
  package func open(_ wishes: ControlBoard.Wishes, step: Int64, hasHand: Bool, checkpointIsDue: Bool) -> Opening {
    var flags: StepFlags = []
    if wishes.stop { flags.insert(.stop) }
    if rules.isLeader {
      if wishes.paused { flags.insert(.paused) }
      if wishes.regroup { flags.insert(.regroup) }
      if wishes.stopsAtEnd { flags.insert(.stopsAtEnd) }
      if let limit = wishes.stepLimit, step + 1 >= limit { flags.insert(step >= limit ? .limitReached : .lastStep) }
      if checkpointIsDue { flags.insert(.checkpointDue) }
    }
    let isLight = course != .running || isQuiet
    let isFull = !isLight && step + 1 - lastCheckpointStep >= rules.checkpointSteps
    return Opening(
      flags: flags, taking: taking(hasHand: hasHand), isLight: isLight,
      gathers: isEnding || self.checkpointIsDue || isFull)
  }

  private var isEnding: Bool { if case .ending = course { true } else { false } }

  private func taking(hasHand: Bool) -> Taking {
    guard course == .running else { return .none }
    if attempt == .searching { return .searched }
    return hasHand ? .same : .fresh(waits: !isCalled)
  }

  /// What a rank says of its hand.
  package func flags(for hand: StepHand, _ opening: Opening) -> StepFlags {
    var flags = opening.flags
    if hand.hasBacklog { flags.insert(.backlog) }
    if opening.taking == .none || hand.hasProgress || !hand.isAtEnd { flags.insert(.notAtEnd) }
    guard opening.taking != .none else { return flags }
    if hand.isShort { flags.insert(.incomplete) }
    if hand.hasProgress { flags.insert(.hasRecords) }
    if hand.hasStrangers, !opening.isLight { flags.insert(.newClasses) }
    if hand.isDamaged { flags.insert(.damaged) }
    if !hand.isFinite { flags.insert(.notFinite) }
    return flags
  }

  /// What all ranks' flags make of a step; nil: it is learned, if anybody offers anything.
  ///
  /// - Parameter flags: All ranks', united.
  package func read(_ flags: StepFlags, _ opening: Opening) -> StepOutcome? {
    if flags.contains(.damaged) { return .damaged }
    if flags.contains(.incomplete) { return .void }
    if opening.isLight { return flags.contains(.hasRecords) ? .called : .quiet }
    if flags.contains(.newClasses) { return .renamed }
    return flags.contains(.notFinite) && searchesOverflow ? .overflowed : nil
  }

  /// Whether records whose sum is not finite are searched before they are given up.
  package var searchesOverflow: Bool { attempt != .searching }

  /// Takes in what came of a step.
  ///
  /// - Parameters:
  ///   - flags: All ranks', united.
  ///   - step: Steps learned, this one included.
  ///   - halt: Why learning cannot go on; nil: it can.
  package mutating func conclude(
    _ outcome: StepOutcome, _ flags: StepFlags, _ opening: Opening, step: Int64, halt: String? = nil
  ) -> Verdict {
    var verdict = Verdict()
    switch outcome {
    case .learned:
      (attempt, verdict.releasesHand) = (.first, true)
      if rules.isReproducible { quietTurns = 0 }
    case .quiet: if course == .running { quietTurns += 1 }
    case .called, .void, .renamed: if attempt == .first { attempt = .again }
    case .overflowed: attempt = .searching
    case .damaged: break
    }
    isQuiet = outcome == .quiet || outcome == .void
    isWaiting = outcome == .void
    isCalled = outcome == .called
    isCatchingUp = flags.contains(.backlog)
    checkpointIsDue = flags.contains(.checkpointDue)
    if opening.gathers, outcome != .damaged {
      (verdict.saves, checkpointIsDue, lastCheckpointStep) = (true, false, step)
    }
    if case .ending(let end) = course {
      verdict.end = end
    } else if outcome == .damaged, let halt {
      // Nothing of it is to be saved.
      verdict.end = .halted(halt)
    } else if let end = end(outcome, flags, halt: halt) {
      course = .ending(end)
    } else if flags.contains(.regroup) {
      verdict.end = .regroup
    } else {
      course = flags.contains(.paused) ? .paused : .running
    }
    return verdict
  }

  private func end(_ outcome: StepOutcome, _ flags: StepFlags, halt: String?) -> GenerationEnd? {
    if let halt { return .halted(halt) }
    if flags.contains(.stop) { return .stopped }
    if flags.contains(.limitReached) || (flags.contains(.lastStep) && outcome == .learned) { return .finished }
    let isDrained = outcome == .quiet && flags.isDisjoint(with: [.notAtEnd, .paused])
    return flags.contains(.stopsAtEnd) && isDrained ? .finished : nil
  }
}

/// What is in a rank's hand, and behind it.
package struct StepHand: Sendable, Equatable {
  /// A partition moves on with what is in hand.
  package var hasProgress = false
  /// Reproducible mode: less than a full share, and more is to be waited for.
  package var isShort = false
  /// Behind it a full share waits.
  package var hasBacklog = false
  /// Nothing more is to be had for now.
  package var isAtEnd = false
  /// Records of classes that the model does not know.
  package var hasStrangers = false
  /// What it gives is all numbers.
  package var isFinite = true
  /// The model gives no numbers even for records without values.
  package var isDamaged = false

  package init() {}
}

/// What came of a step.
package enum StepOutcome: Int, Sendable, Equatable, CaseIterable {
  /// Nobody had anything.
  case quiet
  /// Somebody has records: a whole step follows.
  case called
  /// Somebody is short of a full share.
  case void
  /// Classes were found; the same records again.
  case renamed
  /// What a rank's records give, or all together, is not finite; the same records again, searched.
  case overflowed
  /// Agreed on and accounted for, with or without an update.
  case learned
  /// A model is damaged.
  case damaged
}
