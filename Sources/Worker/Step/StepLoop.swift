package import Collectives
import Evaluation
import Health
import Ingest
import Learning
package import Pipelines
import Registry
import Tensors
import Vocabulary

/// One rank's steps in one generation: take, predict, compare, learn, agree, account, checkpoint. What is done when is the
/// machine's to say (`StepMachine`); here it is done.
///
/// Step thread only. Everything that changes `state` or the learner comes out of the agreed exchange, so every rank
/// holds the same bits after every step.
package final class StepLoop {
  let settings: TrainingSettings
  private let checkpoints: CheckpointSettings
  let collective: any Collective
  let learner: any Model
  let shares: StepShares
  let account: StepAccount
  let board: ControlBoard
  let frozen: FrozenPredictions
  let quarantine: Quarantine
  let sampler: RowSampler
  let slices: StepSlices?
  let saving: Saving
  package internal(set) var state: TrainingState
  private(set) var machine: StepMachine
  /// How gradients are added up; in reproducible mode by partition, so that it does not matter who held which.
  private let plan: SumPlan
  /// nil: gradients go to the other ranks as they are, or there are none.
  private let compression: GradientCompression?
  var parts = BatchParts()
  var partSums: [PartSum] = []

  var writer = StepEnvelopeWriter()
  var received: [ReceivedEnvelope] = []
  private var learnerAttachments: [UnsafeRawBufferPointer] = []
  private var facts = StepFacts()
  private var entries: [LedgerEntry] = []
  /// Of this rank's share of the step in hand.
  var local = LocalStep(labelled: 0, lossSum: 0, isFinite: true)
  /// Of a part of the state after the last step, or of all of it.
  var digest: UInt64 = 0
  /// All of the state as it was when all ranks last agreed on it; nil: they have not yet.
  var agreedBlocks: StateBlocks?
  /// Said, and not agreed on yet.
  var saidBlocks: SaidBlocks?
  let tellDoubt: (String) -> Void
  /// Of a step that is made twice.
  var attachment: [UInt8] = []
  /// Whose states differed, until they come to that step again.
  var suspects: (Suspicion, tell: ([Int]?) -> Void)?
  /// Of steps that are made again; nil: they are made the first time.
  package var replaying: Replaying?
  /// Whether the model gives no numbers even for records without values.
  private var isDamaged = false
  var lastCheckpoint = ContinuousClock.now
  /// What of the wishes the others know; −1: nothing.
  private(set) var saidWishes = -1
  /// Of the wishes of this step, what the learning rate is to be multiplied by.
  private(set) var wishedScale = 1.0
  private let stepGuard: StepGuard
  /// A group that has had nothing to learn for so long asks less often; who gets a record asks at once.
  static let idleAfter = Duration.seconds(1)
  static let idleWait = Duration.seconds(1)
  /// Something was learned that no checkpoint was made of.
  package internal(set) var hasUnsavedProgress: Bool
  /// All ranks', gathered where there was nothing else to save: the next checkpoint has it.
  var unsavedHealth: [LayerHealth] = []
  var unsavedSample: RowSample?
  var unsavedCosts: [LayerCost] = []
  let headTasks: [EvaluationTask]
  var headLosses: [HeadShare]
  /// By row of the batch.
  let rowLosses: AlignedBuffer<Double>
  let recent: RecentRows
  var relearned: RelearnedRows
  let examples: FieldExamples
  /// Taken and not yet agreed on.
  var newExamples: [FieldExample] = []
  /// By number and by head: the declared field.
  let numberFields: [Int]
  let featureCount: Int
  let topic: String
  /// Fields of which an example of a wild value was told.
  var toldWild: Set<FieldCode> = []
  var times = WindowTimes()
  var clock: StepClock
  var lastReport = ContinuousClock.now
  /// Since when this rank's partitions have kept all waiting.
  var shortSince: ContinuousClock.Instant?

  package init(
    pipeline: Pipeline, collective: any Collective, gear: Gear, board: ControlBoard, state: TrainingState,
    saving: Saving
  ) {
    settings = pipeline.training
    checkpoints = pipeline.checkpoint
    self.collective = collective
    (learner, shares, account) = (gear.learner, gear.shares, gear.account)
    (frozen, quarantine, examples) = (gear.frozen, gear.quarantine, gear.examples)
    sampler = gear.sampler
    tellDoubt = gear.tellDoubt
    self.board = board
    self.saving = saving
    clock = StepClock(gear.meter)
    self.state = state
    machine = StepMachine(
      StepMachine.Rules(
        isLeader: collective.rank == Rank(0), isReproducible: pipeline.training.reproducible,
        checkpointSteps: Int64(pipeline.checkpoint.everySteps)), step: state.step)
    plan = gear.sum.plan
    let isRounded = pipeline.group.gradients == .bfloat16 && collective.worldSize > 1
    compression = isRounded ? GradientCompression() : nil
    learner.summation = gear.sum.summation(of: collective.rank)
    topic = pipeline.source.topic
    stepGuard = StepGuard(pipeline.health)
    featureCount = pipeline.schema.features.count
    numberFields = pipeline.schema.features.indices.filter { pipeline.schema.features[$0].type.isNumeric }
    headTasks = pipeline.heads.dropFirst().map { EvaluationTask($0) }
    rowLosses = AlignedBuffer(count: gear.shares.batch.capacity)
    relearned = RelearnedRows(rows: gear.shares.batch.capacity)
    recent = RecentRows(like: gear.shares.batch)
    headLosses = Array(repeating: HeadShare(), count: headTasks.count)
    hasUnsavedProgress = saving.savedStep >= 0 && state.step > saving.savedStep
    slices = gear.sliceBook.map { StepSlices($0, batchCapacity: gear.shares.batch.capacity) }
    self.state.frozen.slice(by: slices?.fields ?? [])
    self.state.alignHeads(pipeline.heads.dropFirst().map(\.name))
    if shares.classes != nil { learner.know(classes: state.classes.count) }
    learner.isWatched = collective.worldSize > 1
    learner.notesRows = false
    learner.notesRows = collective.worldSize == 1
  }

  var isLeader: Bool { machine.rules.isLeader }
  var isAlone: Bool { collective.worldSize == 1 }

  /// Runs until the group agrees on an end.
  ///
  /// - Throws: `CollectiveError` when a rank is lost; the state is then that of the last agreed step.
  package func run() throws -> GenerationEnd {
    let collective = collective
    learner.gradientWatch = { collective.advance($0) }
    board.report { $0.growth.begin(state) }
    defer {
      learner.gradientWatch = nil
      tellGrowth()
      board.report { $0.short = nil }
    }
    do {
      if !isAlone { lookAtAll(saving: nil) }
      while true {
        guard let end = try step() else { continue }
        try confirmLast()
        return end
      }
    } catch let divergence as ReplicaDivergence {
      throw try examine(divergence)
    }
  }

  private func step() throws -> GenerationEnd? {
    let wishes = board.currentWishes
    if let newest = wishes.newestGeneration, newest > collective.generation { throw GenerationFenced() }
    wishedScale = try replaying?.scale(state.step + 1) ?? wishes.rateScale
    let opening = machine.open(
      wishes, step: state.step, hasHand: shares.hasProgress,
      checkpointIsDue: lastCheckpoint.duration(to: .now) >= checkpoints.every)
    var hand = fillHand(opening, wishes)
    times.open()
    clock.begin()
    let dense = opening.isLight ? nothing : denseValues
    if !opening.isLight {
      frozen.refresh()
      if !isProven { collective.open(dense) }
      learn(opening)
      (hand.hasStrangers, hand.isDamaged, hand.isFinite) = (shares.hasStrangers, isDamaged, local.isFinite)
    }
    let flags = machine.flags(for: hand, opening)
    let health = opening.gathers ? learner.takeHealth() : nil
    writeEnvelope(flags, opening, health: health)
    if opening.gathers {
      writer.append(sample: sampler.take())
      writer.append(costs: takeCosts())
      writer.append(relearned: relearned.take())
    }

    clock.send()
    let agreed = try collective.exchangeEnvelopes(
      dense, attachment: writer.bytes, outputCount: learner.outputCount,
      into: &received,
      deadline: .after(settings.peerTimeout)
    ) { envelopes in
      clock.meet()
      return try settle(envelopes, opening)
    }
    saidWishes = wishes.number
    if suspects != nil { checkSuspects() }
    return try conclude(agreed, opening)
  }

  // MARK: Records

  /// Takes what the opening says, and looks at what is in hand then.
  private func fillHand(_ opening: StepMachine.Opening, _ wishes: ControlBoard.Wishes) -> StepHand {
    var hand = StepHand()
    switch opening.taking {
    case .none:
      if machine.course == .paused { waitForOthers(wishes, heedsRecords: false) }
    case .searched: break
    case .same: if isIdle { waitForOthers(wishes, heedsRecords: false) }
    case .fresh(let waits):
      shares.deal(turn: machine.turn(step: state.step))
      if waits { waitForRecords(wishes) }
      hand.isShort = waitsForShares && !shares.canFill && !(wishes.stopsAtEnd && shares.restIsAtEnd)
      if hand.isShort { shares.clear() } else { shares.take() }
    }
    (hand.hasProgress, hand.isAtEnd, hand.hasBacklog) = (shares.hasProgress, shares.isAtEnd, shares.hasFullShare)
    return hand
  }

  // MARK: Learning

  private func learn(_ opening: StepMachine.Opening) {
    local = LocalStep(labelled: 0, lossSum: 0, isFinite: true)
    let isSearched = opening.taking == .searched && shares.hasRecords
    let guilty = isSearched ? quarantine.cure(shares, learner: learner, step: state.step) : []
    if shares.classes != nil { noteRefusedClasses() }
    guard shares.hasRecords, !shares.hasStrangers else { return learner.discardStep() }
    frozen.predict(shares.batch, of: shares.shares)
    local = isProven ? makeProven() : makeShare()
    // Whatever record is to blame was taken out: nothing is left that could be but the model.
    isDamaged = isSearched && !local.isFinite
    if isDamaged { return }
    for record in guilty { quarantine.put(record) }
    if !learner.wildValues.isEmpty { noteWildValues() }
  }

  func backward() -> LocalStep {
    guard settings.reproducible else { return learner.backward(shares.batch) }
    parts.removeAll()
    for share in shares.shares { parts.append(partition: Int(share.partition), rows: Int(share.rows)) }
    return learner.backward(shares.batch, parts: parts)
  }

  // MARK: Agreement

  /// What the group agreed on in an exchange.
  struct Agreed {
    var flags: StepFlags
    var outcome: StepOutcome
    var health: [LayerHealth]
    var sample: RowSample?
    var costs: [LayerCost] = []
    var relearned = LearnedLoss()
    /// Why learning cannot go on.
    var halt: String?
  }

  /// What this rank adds to the sum of gradients: nothing, where it holds no partitions.
  private var denseValues: DenseValues {
    let isHolder = plan.counts[collective.rank.rawValue] > 0
    return DenseValues(
      vectors: isHolder ? learner.denseNodes : Self.none, sum: learner.denseGradient, plan: plan,
      compression: compression, order: learner.gradientOrder)
  }

  /// Of a light step.
  var nothing: DenseValues { DenseValues(vectors: Self.none, sum: Self.none, plan: plan) }
  private static var none: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: nil, count: 0) }

  private func settle(_ envelopes: [ReceivedEnvelope], _ opening: StepMachine.Opening) throws -> Agreed {
    var flags: StepFlags = []
    for envelope in envelopes { flags.formUnion(envelope.flags) }
    try confirm(envelopes)
    // What a durable checkpoint covers is in the tables; what one still being written covers may have to be written again.
    if let first = state.ledger.first, first.step <= envelopes[0].savedStep {
      state.ledger.removeAll { $0.step <= envelopes[0].savedStep }
      state.decisions.removeAll { $0.step <= envelopes[0].savedStep }
    }
    var health: [LayerHealth] = []
    let sample = opening.gathers ? try envelopes.sample() : nil
    let costs = opening.gathers ? try envelopes.costs() : []
    var relearned = LearnedLoss()
    if opening.gathers {
      // Gradients and updates are the same on every rank, and counted once.
      for (rank, envelope) in envelopes.enumerated() {
        let layers = try [LayerHealth].decode(from: envelope.health)
        if rank == 0 { health = layers } else { health.mergeValues(of: layers) }
        relearned.add(envelope.relearned)
      }
    }
    let outcome = try machine.read(flags, opening) ?? learnTogether(envelopes)
    switch outcome {
    case .learned: break
    case .renamed:
      try takeClasses(envelopes)
      learner.discardStep()
    case .damaged:
      learner.discardStep()
      if let divergence = ReplicaDivergence(damagedOf: envelopes, step: state.step) { throw divergence }
      return Agreed(flags: flags, outcome: outcome, health: health, halt: Self.damage(of: envelopes, step: state.step))
    default: if !opening.isLight { learner.discardStep() }
    }
    return Agreed(
      flags: flags, outcome: outcome, health: health, sample: sample, costs: costs, relearned: relearned)
  }

  /// The update that all ranks' shares make.
  private func learnTogether(_ envelopes: [ReceivedEnvelope]) throws -> StepOutcome {
    guard StepAccount.hasRecords(envelopes) else { return .quiet }
    times.work()
    let facts = try facts.gather(envelopes, shelves: learner.memory.shelves.count)
    if isAlone {
      learner.absorbOwn()
    } else {
      learnerAttachments.removeAll(keepingCapacity: true)
      for envelope in envelopes { learnerAttachments.append(envelope.learner) }
      try learner.absorb(attachments: learnerAttachments)
    }
    if !facts.isEmpty { learner.remember(facts) }
    let sums = try account.sums(envelopes)
    let skips = settings.ledger ? try readSkips(envelopes) : []
    learner.rateScale = envelopes[0].rateScale
    let spike = stepGuard.spike(in: state, labelled: sums.labelled, weight: sums.weight, lossSum: sums.lossSum)
    let maySkip = stepGuard.skips(after: state.sickInRow)
    learner.gradientNormMax = maySkip ? stepGuard.gradientNormMax : .infinity
    let update =
      spike != nil && maySkip
      ? Update(gradientNorm: 0, wasClipped: false, isFinite: true, isSkipped: true)
      : learner.apply(labelled: sums.labelled, weight: sums.weight, lossSum: sums.lossSum)
    if !update.isFinite {
      learner.discardStep()
      if machine.searchesOverflow { return .overflowed }
      quarantine.reportReducedStep(step: state.step, isLeader: isLeader)
    }
    if update.isSkipped {
      learner.discardStep()
      noteSkipped(spike ?? "the gradient has a norm of \(update.gradientNorm)")
    }
    let wasApplied = update.isFinite && !update.isSkipped
    // What goes on being sick is learned, until a sound step comes: it is what the stream has become.
    let isSick = spike != nil || update.gradientNorm > stepGuard.gradientNormMax
    state.sickInRow = isSick ? state.sickInRow + 1 : 0
    if update.tookGradient { compression?.keepErrors() }
    digest = update.digest
    let keepsLedger = settings.ledger
    entries.removeAll(keepingCapacity: true)
    let step = state.step + 1
    try account.bring(
      envelopes, into: &state, wasApplied: wasApplied, reason: update.isSkipped ? .skippedStep : .nonFinite
    ) { share, trained in
      if keepsLedger { entries.append(LedgerEntry(step: step, share: share, trained: trained)) }
    }
    state.keep(keepsLedger ? entries : nil, of: step)
    state.endsShort = settings.reproducible && shares.isShort(rows: envelopes.reduce(0) { $0 + $1.rowCount })
    if keepsLedger { state.decisions.append(decision(sums, update, skips, of: step)) }
    state.step = step
    if wasApplied {
      sampler.add(shares.batch, outputs: learner.outputs, without: shares.takenOut)
      recent.keep(shares.batch)
    }
    if wasApplied, sums.labelled > 0, sums.weight > 0 {
      state.lossWatch.add(sums.lossSum / sums.weight, answers: account.answers, step: step)
    }
    if let answers = account.stableAnswers {
      state.stableWatch.add(answers.loss, answers: answers.answers, step: step)
    }
    state.nonFinite.add(
      total: state.rejected[RejectReason.nonFinite.index], consumed: state.consumed, budget: settings.nonFiniteBudget)
    if wasApplied, sums.labelled > 0 { askAgain() }
    hasUnsavedProgress = true
    newExamples.removeAll(keepingCapacity: true)
    return .learned
  }

  private func conclude(_ agreed: Agreed, _ opening: StepMachine.Opening) throws -> GenerationEnd? {
    var halt = agreed.halt
    if halt == nil, replaying == nil, state.nonFinite.exceeds(settings.nonFiniteBudget) {
      halt =
        "\(state.rejected[RejectReason.nonFinite.index]) records made numbers non-finite, of late more than "
        + "training.non_finite_budget (\(settings.nonFiniteBudget)) of \(NonFiniteRate.records)"
    }
    let isFinal = machine.course != .running && machine.course != .paused
    let verdict = machine.conclude(agreed.outcome, agreed.flags, opening, step: state.step, halt: halt)
    if verdict.releasesHand { shares.clear() }
    report(agreed.outcome, isLast: verdict.end != nil)
    if agreed.outcome == .learned { try replaying?.after() }
    if verdict.saves { try save(agreed, isFinal: isFinal) }
    return verdict.end
  }
}
