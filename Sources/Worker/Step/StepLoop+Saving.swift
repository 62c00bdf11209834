import Collectives
import Evaluation
import Health
import Learning
import Pipelines
import Vocabulary

/// What a rank has said of all that it holds, until all have said the same.
struct SaidBlocks {
  let blocks: StateBlocks
  /// What is to be written then; nil: nothing, or somebody else does.
  let snapshot: Snapshot?
}

// What is saved, and that all hold it: a checkpoint goes out once all ranks have agreed on every block of it, so that it is sound
// whatever is found in a memory later.
extension StepLoop {
  /// - Throws: `ReplicaDivergence` of a rank that is alone, and not what it was; then nothing is saved.
  func save(_ agreed: Agreed, isFinal: Bool) throws {
    let spoiled = isAlone ? learner.takeSpoiled() : []
    if !spoiled.isEmpty { throw ReplicaDivergence(alone: spoiled, step: state.step) }
    unsavedHealth.merge(agreed.health)
    unsavedSample = unsavedSample.merged(with: agreed.sample)
    unsavedCosts.merge(agreed.costs)
    state.lossWatch.add(agreed.relearned)
    tellHealth(unsavedHealth)
    if hasUnsavedProgress {
      let snapshot = isLeader ? snapshot(isFinal: isFinal) : nil
      if isAlone { snapshot.map(saving.submit) } else { lookAtAll(saving: snapshot) }
      unsavedHealth.removeAll()
      unsavedSample = nil
      unsavedCosts.removeAll()
    }
    hasUnsavedProgress = false
    state.window = StreamMetrics(task: state.metrics.task)
    state.fields.beginWindow()
    state.lossWatch.beginWindow()
    state.stableWatch.beginWindow()
    for place in state.heads.indices { state.heads[place].window = HeadLoss.Tally() }
    times.beginWindow()
    lastCheckpoint = .now
  }

  /// The next exchange compares all of the state instead of a part.
  ///
  /// - Parameter snapshot: Of it; written once all agree.
  func lookAtAll(saving snapshot: Snapshot?) {
    let blocks = learner.digestState()
    saidBlocks = SaidBlocks(blocks: blocks, snapshot: snapshot)
    digest = StateLook(state, blocks, agreed: nil).value
  }

  /// - Throws: `ReplicaDivergence`, on every rank.
  func confirm(_ envelopes: [ReceivedEnvelope]) throws {
    if let divergence = ReplicaDivergence(envelopes, step: state.step) { throw divergence }
    guard let said = saidBlocks else { return }
    (agreedBlocks, saidBlocks) = (said.blocks, nil)
    if let snapshot = said.snapshot { saving.submit(snapshot) }
  }

  /// One more exchange, where the last one left something to agree on.
  func confirmLast() throws {
    guard saidBlocks != nil else { return }
    var envelope = StepEnvelope()
    (envelope.step, envelope.digest, envelope.outputCount) = (state.step, digest, learner.outputCount)
    writer.write(envelope, health: [])
    try collective.exchangeEnvelopes(
      nothing, attachment: writer.bytes, outputCount: learner.outputCount, into: &received,
      deadline: .after(settings.peerTimeout)
    ) { try confirm($0) }
  }

  /// All tell each other what they hold, and come to the same judgement.
  ///
  /// - Throws: `CollectiveError` where somebody is gone meanwhile.
  func examine(_ divergence: ReplicaDivergence) throws -> ReplicaDivergence {
    guard !isAlone else { return divergence }
    let own = learner.digestState()
    let look = StateLook(state, own, agreed: agreedBlocks)
    var judged = divergence
    try look.bytes.withUnsafeBytes { bytes in
      try collective.exchange(nothing, attachment: bytes, deadline: .after(settings.peerTimeout)) { attachments in
        judged.judge(try attachments.map { try StateLook($0) }, own: own, agreed: agreedBlocks)
      }
    }
    return judged
  }

  private func snapshot(isFinal: Bool) -> Snapshot {
    var snapshot = Snapshot(
      generation: collective.generation, state: state, learner: learner.encodeState(), memory: learner.encodeMemory(),
      health: unsavedHealth, sample: unsavedSample, costs: unsavedCosts, ledger: state.ledger,
      isFinal: isFinal, seconds: times.seconds)
    snapshot.rows = SnapshotRows(recent.rows)
    return snapshot
  }
}
