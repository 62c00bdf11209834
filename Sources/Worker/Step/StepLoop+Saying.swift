import Collectives
import Evaluation
import Health
import Learning
import Pipelines
import Tensors
import Vocabulary

// What a step says: to the other ranks, and to whoever watches this one.
extension StepLoop {
  func writeEnvelope(_ flags: StepFlags, _ opening: StepMachine.Opening, health: [LayerHealth]?) {
    var envelope = StepEnvelope()
    envelope.flags = flags
    envelope.step = state.step
    (envelope.versions, envelope.serving) = (frozen.versions, frozen.serving)
    envelope.digest = digest
    envelope.rateScale = wishedScale
    if isLeader { envelope.savedStep = saving.durableStep() }
    envelope.outputCount = learner.outputCount
    if opening.isLight || flags.contains(.newClasses) || flags.contains(.damaged) {
      if flags.contains(.newClasses) { envelope.classes = shares.sightings }
      writer.write(envelope, health: encoded(health))
      return
    }
    (envelope.lossSum, envelope.weight) = (local.lossSum, local.weight)
    envelope.shares = shares.shares
    envelope.rowCount = shares.batch.count
    if !headTasks.isEmpty {
      measureHeads()
      envelope.headLosses = headLosses
    }
    if examples.hasNews { newExamples += examples.takeNews() }
    measureRows()
    writer.write(
      envelope, rejected: shares.rejected, labels: UnsafePointer(shares.batch.labels),
      labelStride: shares.batch.labelCount,
      outputs: learner.outputs.baseAddress ?? UnsafePointer(shares.batch.labels), losses: rowLosses.pointer,
      frozenLosses: frozen.losses,
      weights: UnsafePointer(shares.batch.weights), health: encoded(health), tally: shares.tally, examples: newExamples)
    if !isAlone { writer.appendLearner { learner.appendAttachment(to: &$0) } }
    writer.append(facts: learner.facts, without: shares.takenOut)
    if settings.reproducible { appendPartSums() }
    slices?.look(shares.batch, state.frozen.slices)
    writer.append(slices: slices)
    writer.append(skips: shares.skips)
  }

  /// By share, what `backward` said of its rows; a share without rows has none.
  private func appendPartSums() {
    let steps = learner.partSteps
    var next = 0
    partSums.removeAll(keepingCapacity: true)
    for share in shares.shares {
      guard share.rows > 0, next < steps.count else {
        partSums.append(PartSum())
        continue
      }
      partSums.append(PartSum(lossSum: steps[next].lossSum, weight: steps[next].weight))
      next += 1
    }
    writer.append(partSums: partSums)
  }

  private func encoded(_ health: [LayerHealth]?) -> [UInt8] {
    var bytes: [UInt8] = []
    health?.encode(into: &bytes)
    return bytes
  }

  /// The primary head's losses on this rank's rows, for all that is measured by them on any rank.
  func measureRows() {
    guard shares.hasRecords, let outputs = learner.outputs.baseAddress else { return }
    account.task.losses(
      outputs: outputs, labels: shares.batch.labels, labelStride: shares.batch.labelCount, count: shares.batch.count,
      into: rowLosses.pointer)
  }

  /// The further heads' losses on this rank's rows, as they were predicted before they were learned.
  private func measureHeads() {
    for (place, task) in headTasks.enumerated() {
      let outputs = shares.hasRecords ? learner.outputs(ofHead: place + 1).baseAddress : nil
      headLosses[place] = outputs.map { HeadShare(task, outputs: $0, head: place + 1, of: shares.batch) } ?? HeadShare()
    }
  }

  /// What the last steps added, however the generation ends.
  func tellGrowth() {
    clock.note(sent: collective.sentBytes, received: collective.receivedBytes)
    board.report { $0.growth.follow(state) }
  }

  /// What this rank's layers took in the window; for those who watch the process too.
  func takeCosts() -> [LayerCost] {
    let costs = learner.takeCosts()
    board.report { $0.costs.merge(costs) }
    return costs
  }

  /// A window was gathered. Once a checkpoint.
  func tellHealth(_ health: [LayerHealth]) {
    guard !health.isEmpty else { return }
    board.report { $0.health = health }
  }

  /// Tells the board where the rank is, a few times a second.
  func report(_ outcome: StepOutcome, isLast: Bool) {
    let now = ContinuousClock.now
    if outcome == .learned { times.end(at: now) }
    clock.end(outcome)
    guard now - lastReport > .milliseconds(100) || isLast else { return }
    lastReport = now
    let phase =
      machine.course == .paused ? "paused" : machine.isWaiting ? "short" : machine.isQuiet ? "idle" : "training"
    let shortage = machine.isWaiting && !shares.hasProgress ? shares.shortage : nil
    if shortage == nil { shortSince = nil } else if shortSince == nil { shortSince = now }
    let since = shortSince
    clock.note(sent: collective.sentBytes, received: collective.receivedBytes)
    let members = learner.memberWeights
    board.report { facts in
      facts.members = members
      facts.growth.follow(state)
      facts.short = since.flatMap { since in shortage.map { (since, $0) } }
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
      facts.phase = phase
    }
  }

  static func damage(of envelopes: [ReceivedEnvelope], step: Int64) -> String {
    let ranks = envelopes.indices.filter { envelopes[$0].flags.contains(.damaged) }.map(String.init)
    return
      "the model's parameters are damaged: in step \(step) they gave no numbers even for records with usual "
      + "values (rank \(ranks.joined(separator: ", "))); nothing of it is saved, and the next start goes on from the newest "
      + "healthy checkpoint"
  }
}
