package import Collectives
import Confinement
import Evaluation
import Health
import Ingest
package import Learning
package import Pipelines
import Tensors
import Vocabulary

/// Why a generation ended in agreement.
package enum GenerationEnd: Sendable, Equatable {
  /// What the run was asked for is done: every partition is at its end, or the step limit is reached.
  case finished
  /// Somebody asked for a stop.
  case stopped
  /// Members wait to join.
  case regroup
  /// Too many records made numbers non-finite.
  case halted(String)
}

/// A newer generation has taken over while this rank was away.
package struct GenerationFenced: Error {}

/// One rank's steps in one generation: take, predict, compare, learn, agree, account, checkpoint.
///
/// Step thread only. Everything that changes `state` or the learner comes out of the agreed exchange, so every rank
/// holds the same bits after every step.
package final class StepLoop {
  private let settings: TrainingSettings
  private let checkpoints: CheckpointSettings
  private let collective: any Collective
  let learner: any Model
  let shares: StepShares
  private let account: StepAccount
  private let board: ControlBoard
  private let shadow: ShadowPredictions
  let quarantine: Quarantine
  private let durableStep: () -> Int64
  private let submit: (Snapshot) -> Void
  package internal(set) var state: TrainingState

  private var writer = StepEnvelopeWriter()
  private var received: [ReceivedEnvelope] = []
  private var learnerAttachments: [UnsafeRawBufferPointer] = []
  private var facts = StepFacts()
  private var entries: [LedgerEntry] = []
  /// Of this rank's share of the step in hand.
  private var local = LocalStep(labelled: 0, lossSum: 0, isFinite: true)
  private var lastFlags: StepFlags = []
  private var lastWasEmpty = false
  private var lastCheckpoint = ContinuousClock.now
  private var lastCheckpointStep: Int64
  private var lastReport = ContinuousClock.now
  private var closing: GenerationEnd?
  private var hasUnsavedProgress: Bool
  /// All ranks', gathered where there was nothing else to save: the next checkpoint has it.
  private var unsavedHealth: [LayerHealth] = []
  private let headTasks: [EvaluationTask]
  private var headLosses: [HeadShare]
  private let examples: FieldExamples
  /// Taken and not yet agreed on.
  var newExamples: [FieldExample] = []
  /// Whether the step in hand is done again without the records that made its sum overflow, and whether it has been.
  private var mustCure = false
  private var isCured = false
  /// Whether the step in hand is done again because classes were found in it.
  var isRenamed = false
  /// By number and by head: the declared field.
  let numberFields: [Int]
  let featureCount: Int
  let topic: String
  /// Fields of which an example of a wild value was told.
  var toldWild: Set<FieldCode> = []
  /// When the window's first step with records began, and when its last ended.
  private var workSince: ContinuousClock.Instant?
  /// When the step in hand began, as long as no other of the window had records.
  private var stepSince = ContinuousClock.now
  private var workUntil = ContinuousClock.now

  /// - Parameters:
  ///   - savedStep: The step of the newest checkpoint; −1: there is none that matters.
  ///   - durableStep: The step of the newest checkpoint that is written by now; asked of the leader, every step.
  package init(
    pipeline: Pipeline, collective: any Collective, learner: any Model, shares: StepShares, account: StepAccount,
    board: ControlBoard, shadow: ShadowPredictions, quarantine: Quarantine, state: TrainingState,
    examples: FieldExamples = FieldExamples(), savedStep: Int64 = -1, durableStep: @escaping () -> Int64 = { -1 },
    submit: @escaping (Snapshot) -> Void
  ) {
    settings = pipeline.training
    checkpoints = pipeline.checkpoint
    self.collective = collective
    self.learner = learner
    self.shares = shares
    self.account = account
    self.board = board
    self.shadow = shadow
    self.quarantine = quarantine
    self.state = state
    self.examples = examples
    topic = pipeline.source.topic
    featureCount = pipeline.schema.features.count
    numberFields = pipeline.schema.features.indices.filter { pipeline.schema.features[$0].type.isNumeric }
    headTasks = pipeline.heads.dropFirst().map { EvaluationTask($0) }
    headLosses = Array(repeating: HeadShare(), count: headTasks.count)
    self.state.alignHeads(pipeline.heads.dropFirst().map(\.name))
    if shares.classes != nil { learner.know(classes: state.classes.count) }
    hasUnsavedProgress = savedStep >= 0 && state.step > savedStep
    self.durableStep = durableStep
    self.submit = submit
    lastCheckpointStep = state.step
  }

  private var isLeader: Bool { collective.rank == Rank(0) }
  private var isAlone: Bool { collective.worldSize == 1 }

  /// Runs until the group agrees on an end.
  ///
  /// - Throws: `CollectiveError` when a rank is lost; the state is then that of the last agreed step.
  package func run() throws -> GenerationEnd {
    while true {
      if let end = try step() { return end }
    }
  }

  private func step() throws -> GenerationEnd? {
    let wishes = board.currentWishes
    if let newest = wishes.newestGeneration, newest > collective.generation { throw GenerationFenced() }
    var flags: StepFlags = []
    if wishes.stop { flags.insert(.stop) }
    if isLeader {
      if wishes.paused { flags.insert(.paused) }
      if wishes.regroup { flags.insert(.regroup) }
      if wishes.stopsAtEnd { flags.insert(.stopsAtEnd) }
      if let limit = wishes.stepLimit, state.step + 1 >= limit {
        flags.insert(state.step >= limit ? .limitReached : .lastStep)
      }
      if ContinuousClock.now - lastCheckpoint >= checkpoints.every { flags.insert(.checkpointDue) }
    }
    takeRecords(wishes: wishes, flags: &flags)
    if shares.hasStrangers { flags.insert(.newClasses) }
    if shares.classes != nil { noteRefusedClasses() }
    let isGathering =
      closing != nil || lastFlags.contains(.checkpointDue)
      || state.step + 1 - lastCheckpointStep >= Int64(checkpoints.everySteps)
    if workSince == nil { stepSince = .now }
    learn()
    let health = isGathering ? learner.takeHealth() : nil
    writeEnvelope(flags: flags, health: health)

    let agreed = try collective.exchangeEnvelopes(
      dense: learner.denseGradient, attachment: writer.bytes, outputCount: learner.outputCount, into: &received,
      deadline: .after(settings.peerTimeout)
    ) { envelopes in try settle(envelopes, isGathering: isGathering) }
    return conclude(agreed, isGathering: isGathering)
  }

  private func settle(_ envelopes: [ReceivedEnvelope], isGathering: Bool) throws -> Agreed {
    var agreed = Agreed(flags: [], isVoid: false, isEmpty: true, health: [])
    for envelope in envelopes {
      guard envelope.step == state.step else { throw EnvelopeError.otherStep(envelope.step, expected: state.step) }
      agreed.flags.formUnion(envelope.flags)
    }
    agreed.isVoid = agreed.flags.contains(.incomplete)
    // What a durable checkpoint covers is in the tables; what one still being written covers may have to be written again.
    if let first = state.ledger.first, first.step <= envelopes[0].savedStep {
      state.ledger.removeAll { $0.step <= envelopes[0].savedStep }
    }
    if isGathering {
      for envelope in envelopes { agreed.health.merge(try [LayerHealth].decode(from: envelope.health)) }
    }
    agreed.isEmpty = agreed.isVoid || !StepAccount.hasRecords(envelopes)
    if agreed.flags.contains(.newClasses), !agreed.isVoid { try takeClasses(envelopes, &agreed) }
    guard !agreed.isEmpty else {
      learner.discardStep()
      return agreed
    }
    if workSince == nil { workSince = stepSince }
    let facts = try facts.gather(envelopes, shelves: learner.memory.shelves.count)
    if isAlone {
      learner.absorbOwn()
    } else {
      learnerAttachments.removeAll(keepingCapacity: true)
      for envelope in envelopes { learnerAttachments.append(envelope.learner) }
      try learner.absorb(attachments: learnerAttachments)
    }
    if !facts.isEmpty { learner.remember(facts) }
    let update = learner.apply(
      labelled: StepAccount.trained(envelopes), weight: StepAccount.weight(envelopes),
      lossSum: StepAccount.lossSum(envelopes))
    if !update.isFinite {
      learner.discardStep()
      if !isCured {
        (mustCure, isCured, agreed.isVoid, agreed.isRetried) = (true, true, true, true)
        return agreed
      }
      quarantine.reportReducedStep(step: state.step, isLeader: isLeader)
    }
    isCured = false
    let keepsLedger = settings.ledger
    entries.removeAll(keepingCapacity: true)
    let step = state.step + 1
    try account.bring(envelopes, into: &state, wasApplied: update.isFinite) { share, trained in
      if keepsLedger { entries.append(LedgerEntry(step: step, share: share, trained: trained)) }
    }
    state.keep(keepsLedger ? entries : nil, of: step)
    state.step = step
    state.nonFinite.add(
      total: state.rejected[RejectReason.nonFinite.index], consumed: state.consumed, budget: settings.nonFiniteBudget)
    hasUnsavedProgress = true
    newExamples.removeAll(keepingCapacity: true)
    return agreed
  }

  private func conclude(_ agreed: Agreed, isGathering: Bool) -> GenerationEnd? {
    if !agreed.isVoid { shares.clear() }
    lastFlags = agreed.flags
    lastWasEmpty = agreed.isEmpty
    report()
    if isGathering {
      unsavedHealth.merge(agreed.health)
      if hasUnsavedProgress {
        if isLeader { submit(snapshot(health: unsavedHealth, isFinal: closing != nil)) }
        unsavedHealth.removeAll()
      }
      hasUnsavedProgress = false
      state.window = StreamMetrics(task: state.metrics.task)
      state.fields.beginWindow()
      for place in state.heads.indices { state.heads[place].window = HeadLoss.Tally() }
      workSince = nil
      lastCheckpoint = .now
      lastCheckpointStep = state.step
      lastFlags.remove(.checkpointDue)
    }
    if let closing { return closing }
    if state.nonFinite.exceeds(settings.nonFiniteBudget) {
      closing = .halted(
        "\(state.rejected[RejectReason.nonFinite.index]) records made numbers non-finite, of late more than "
          + "training.non_finite_budget (\(settings.nonFiniteBudget)) of \(NonFiniteRate.records)")
    } else if agreed.flags.contains(.stop) {
      closing = .stopped
    } else if agreed.flags.contains(.limitReached)
      || (agreed.flags.contains(.lastStep) && !agreed.isEmpty && !agreed.isRetried)
    {
      closing = .finished
    } else if agreed.flags.contains(.stopsAtEnd), agreed.isEmpty, agreed.flags.isDisjoint(with: [.notAtEnd, .paused]) {
      closing = .finished
    } else if agreed.flags.contains(.regroup) {
      return .regroup
    }
    return nil
  }

  // MARK: Records

  private func takeRecords(wishes: ControlBoard.Wishes, flags: inout StepFlags) {
    if isRenamed, closing == nil {
      isRenamed = false
      // Also a share of refused records alone: its partition has moved on, and nobody has agreed on it yet.
      if shares.hasProgress {
        flags.insert(.notAtEnd)
        return
      }
    }
    if closing != nil || lastFlags.contains(.paused) {
      shares.clear()
      (mustCure, isCured) = (false, false)
      if closing == nil { _ = board.wakeUp.wait(until: .after(.milliseconds(50))) }
      flags.insert(.notAtEnd)
      return
    }
    if mustCure {
      if shares.hasRecords || !shares.isAtEnd { flags.insert(.notAtEnd) }
      return
    }
    // A void step keeps what was taken: only ranks whose shares were not full try again.
    if settings.reproducible, shares.hasProgress { return }
    waitForRecords(wishes: wishes)
    if shares.hasFullShare { flags.insert(.backlog) }
    if settings.reproducible, !shares.canFill, !(wishes.stopsAtEnd && shares.restIsAtEnd) {
      shares.clear()
      flags.formUnion([.incomplete, .notAtEnd])
      return
    }
    shares.take()
    if shares.hasRecords || !shares.isAtEnd { flags.insert(.notAtEnd) }
  }

  /// Waits for full shares, at most for `linger`, and not at all for partitions that are at their end while others have
  /// a backlog: a quiet partition must not hold back a busy one (design D3).
  private func waitForRecords(wishes: ControlBoard.Wishes) {
    let deadline = Deadline.after(settings.linger)
    while !shares.canFill {
      if shares.restIsAtEnd, lastFlags.contains(.backlog) || (wishes.stopsAtEnd && !lastWasEmpty) { return }
      if wishes.stop || !board.wakeUp.wait(until: deadline) { return }
    }
  }

  // MARK: Learning

  private func learn() {
    local = LocalStep(labelled: 0, lossSum: 0, isFinite: true)
    if mustCure, shares.hasRecords { quarantine.cureSum(shares, learner: learner, step: state.step) }
    mustCure = false
    guard shares.hasRecords, !shares.hasStrangers else {
      learner.discardStep()
      return
    }
    learner.predict(shares.batch)
    shadow.predict(shares.batch)
    local = learner.backward(shares.batch)
    var attempts = 0
    while !local.isFinite {
      precondition(attempts < 2, "a step without labels and values is still not finite: the parameters are damaged")
      quarantine.cure(shares, learner: learner, step: state.step, takesAll: attempts == 1)
      attempts += 1
      learner.discardStep()
      learner.predict(shares.batch)
      local = learner.backward(shares.batch)
    }
    if !learner.wildValues.isEmpty { noteWildValues() }
  }

  /// The further heads' losses on this rank's rows, as they were predicted before they were learned.
  private func measureHeads() {
    for (place, task) in headTasks.enumerated() {
      let outputs = shares.hasRecords ? learner.outputs(ofHead: place + 1).baseAddress : nil
      headLosses[place] = outputs.map { HeadShare(task, outputs: $0, head: place + 1, of: shares.batch) } ?? HeadShare()
    }
  }

  private func writeEnvelope(flags: StepFlags, health: [LayerHealth]?) {
    var envelope = StepEnvelope()
    envelope.flags = flags
    envelope.step = state.step
    envelope.stableVersion = shadow.version
    if isLeader { envelope.savedStep = durableStep() }
    (envelope.lossSum, envelope.weight) = (local.lossSum, local.weight)
    if flags.contains(.newClasses) {
      envelope.classes = shares.sightings
    } else {
      envelope.shares = shares.shares
      envelope.rowCount = shares.batch.count
    }
    envelope.outputCount = learner.outputCount
    if !headTasks.isEmpty, !flags.contains(.newClasses) {
      measureHeads()
      envelope.headLosses = headLosses
    }
    if examples.hasNews { newExamples += examples.takeNews() }
    var bytes: [UInt8] = []
    health?.encode(into: &bytes)
    writer.write(
      envelope, rejected: shares.rejected, labels: UnsafePointer(shares.batch.labels),
      labelStride: shares.batch.labelCount,
      outputs: learner.outputs.baseAddress ?? UnsafePointer(shares.batch.labels), stableLosses: shadow.losses,
      weights: UnsafePointer(shares.batch.weights), health: bytes, tally: shares.tally, examples: newExamples)
    if !isAlone { writer.appendLearner { learner.appendAttachment(to: &$0) } }
    writer.append(facts: learner.facts, without: shares.takenOut)
  }

  // MARK: Reporting

  private func snapshot(health: [LayerHealth], isFinal: Bool) -> Snapshot {
    Snapshot(
      generation: collective.generation, state: state, learner: learner.encodeState(), memory: learner.encodeMemory(),
      health: health, ledger: state.ledger, isFinal: isFinal,
      seconds: workSince.map { max(0, $0.duration(to: workUntil).seconds) } ?? 0)
  }

  private func report() {
    let now = ContinuousClock.now
    if !lastWasEmpty { workUntil = now }
    guard now - lastReport > .milliseconds(100) || closing != nil else { return }
    lastReport = now
    board.report { facts in
      facts.step = state.step
      facts.heldStep = state.step
      facts.trained = state.trained
      facts.rejected = state.rejectedTotal
      facts.measures = Measures(state.metrics)
      facts.window = Measures(state.window)
      facts.classes = shares.classes?.names.count
      facts.rejectedByReason = state.rejected
      facts.fields = state.fields
      facts.heads = state.heads
      facts.progress = state.progress
      facts.phase = lastFlags.contains(.paused) ? "paused" : lastWasEmpty ? "idle" : "training"
    }
  }
}
